import type {
  AttemptRecord,
  ChangeRecord,
  ClaimDescription,
  EvidenceEntry,
  EvidenceRecord,
  ExpectationRecord,
  Listener,
  ObservationRecord,
  PhaseName,
  PlanRecord,
  RouteResult,
  Verdict,
  VerdictRecord,
} from '../../evidence/index.ts';

/** Evidence made by hand, for tests of what is computed from it. */
export interface History {
  readonly records: EvidenceRecord[];
  /** Lets time pass, ms. */
  after(ms: number): History;
  add(entry: EvidenceEntry): History;
  run(): History;
  plan(claims: ClaimDescription[], over?: Partial<PlanRecord>, supports?: string[]): History;
  /** A whole phase, with what happens in it. */
  phase(phase: PhaseName, what: string, ms: number, inside?: (history: History) => void): History;
  change(what: string, over?: Partial<ChangeRecord>): History;
  observe(over?: Partial<ObservationRecord>): History;
  expectation(claim: string, over?: Partial<ExpectationRecord>): History;
  /** An attempt that began a second ago. */
  attempt(claim: string, verdict: AttemptRecord['verdict'], over?: Partial<AttemptRecord>): History;
  verdict(claim: string, verdict: Verdict, over?: Partial<VerdictRecord>): History;
  end(over?: {
    interrupted?: boolean;
    fault?: { whose: 'mesh' | 'environment' | 'harness' | 'user'; message: string };
  }): History;
  on(listener: Listener): () => void;
  clock(): number;
}

export function history(): History {
  const records: EvidenceRecord[] = [];
  const listeners = new Set<Listener>();
  let at = 0;
  let changes = 0;

  const self: History = {
    records,
    after(ms) {
      at += ms;
      return self;
    },
    add(entry) {
      const record: EvidenceRecord = { seq: records.length + 1, at, ...entry };
      records.push(record);
      for (const listener of listeners) listener(record);
      return self;
    },
    run() {
      return self.add({
        kind: 'run',
        runId: 'r1',
        version: '0.1.0',
        node: 'v20.20.0',
        startedAt: '2026-11-21T07:00:00.000Z',
        argv: [],
        seed: '7',
        choice: { provider: 'kind', mesh: 'osm', sandbox: false, why: 'docker, kind and osm are here' },
      });
    },
    plan(claims, over, supports = []) {
      return self.add({
        kind: 'plan',
        provider: 'kind',
        sandbox: false,
        kubernetes: 'v1.33.1',
        mesh: {
          name: 'osm',
          project: 'openservicemesh/osm',
          declaredVersion: 'v1.2.4',
          observedVersion: 'v1.2.4',
          driver: 'meshes/osm.yaml',
          verified: true,
          supports,
        },
        claims,
        ...over,
      });
    },
    phase(phase, what, ms, inside) {
      const begin = at;
      self.add({ kind: 'phase', phase, what, event: 'begin' });
      inside?.(self);
      at = Math.max(at, begin + ms);
      return self.add({ kind: 'phase', phase, what, event: 'end', ok: true, ms: at - begin });
    },
    change(what, over) {
      changes += 1;
      return self.add({ kind: 'change', id: changes, what, steps: [], start: at, end: at, ...over });
    },
    observe(over) {
      return self.add({
        kind: 'observation',
        role: 'subject',
        route: httpRoute,
        pod: 'curl/curl-1',
        container: 'curl',
        command: 'curl -s http://httpbin.httpbin:14001/get?nonce=n1',
        nonce: 'n1',
        start: at,
        end: at + 10,
        exit: 0,
        stdout: '',
        stderr: '',
        outcome: 'answered',
        signature: 'HTTP 200',
        logged: true,
        inLog: true,
        ...over,
      });
    },
    expectation(claim, over) {
      return self.add({
        kind: 'expectation',
        claim,
        n: 1,
        statement: 'curl in curl/curl is answered by httpbin.httpbin:14001',
        routes: [route()],
        result: 'met',
        start: at,
        end: at,
        ...over,
      });
    },
    attempt(claim, verdict, over) {
      const start = at - 1000;
      return self.add({ kind: 'attempt', claim, run: 1, attempt: 1, verdict, start, ms: 1000, ...over });
    },
    verdict(claim, verdict, over) {
      return self.add({ kind: 'verdict', claim, verdict, attempt: 1, ms: 1000, ...over });
    },
    end(over) {
      return self.add({ kind: 'end', interrupted: false, ...over });
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clock: () => at,
  };
  return self;
}

export const httpRoute = 'curl/curl -> http httpbin.httpbin:14001';

/** How one route of an expectation came out. */
export function route(over?: Partial<RouteResult>): RouteResult {
  return { route: httpRoute, expected: 'answered', leaked: 0, lost: 0, probes: 10, signatures: {}, ...over };
}

/** A claim of a plan; its suite is the first part of its id. */
export function claim(id: string, over?: Partial<ClaimDescription>): ClaimDescription {
  return {
    id,
    suite: id.split('/', 1)[0] ?? id,
    title: `what ${id} promises`,
    spec: 'a guide',
    level: 'core',
    features: [],
    ...over,
  };
}
