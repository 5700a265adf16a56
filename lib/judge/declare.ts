/** The modes of the mesh; a mode that is absent does not matter, or is not known. */
export interface ModeState {
  permissive?: boolean;
  egress?: boolean;
}

/** One sentence that the implementation promises, as a suite declares it. */
export interface DeclaredClaim {
  /** `suite/slug`, stable, usable on the command line. */
  id: string;
  suite: string;
  title: string;
  /** Where a guide or specification promises it. */
  spec: string;
  level: 'core' | 'extended';
  /** Features of the mesh without which the claim is unsupported. */
  features: string[];
  /** Modes that the claim needs when it begins. */
  starts?: ModeState;
  /** Modes that it leaves, where they are others than those it began with. */
  ends?: ModeState;
  /** The mode that the claim says to have stayed: it is watched from the first claim on. */
  stabilityCheck?: 'permissive' | 'egress';
  /** True for a claim about the whole run, decided after all others. */
  last?: boolean;
}
