import { NO_AUTHORITIES, OPENSSL_AUTHORITIES } from '../node-process.ts';
import { BUILT_PROGRAMS, CONTROLLER_SOCKET_INSIDE, PROGRAMS } from './places.ts';

/** A service of the sandbox's own process. It runs as long as a container of its image. */
export type Service = 'mesh-controller' | 'dns';

/** What the sandbox needs of a container image. */
export interface Image {
  entrypoint: string[];
  cmd: string[];
  env?: Record<string, string>;
  /** The image's own programs that a manifest may name: the command for each name. */
  programs?: Record<string, string[]>;
  service?: Service;
}

/** Node for a container: without threads that wait for work, because a dozen run side by side. */
export const NODE_FLAGS = ['--v8-pool-size=0', OPENSSL_AUTHORITIES];

/** The command by which a container runs a program of this project. */
export const NODE_COMMAND = [`${PROGRAMS}/node`, ...NODE_FLAGS];

/** The process of a container whose image stands for a service. */
const IDLE = ['sh', '-c', 'trap "exit 0" TERM; sleep 2147483647 & wait'];

/** The images by repository, without registry and tag. */
export function knownImages(): Record<string, Image> {
  const program = (name: string): string[] => [...NODE_COMMAND, `${BUILT_PROGRAMS}/${name}.js`];
  const httpbin = program('httpbin');
  return {
    'curlimages/curl': { entrypoint: ['curl'], cmd: ['--help'] },
    'mccutchen/go-httpbin': { entrypoint: [], cmd: httpbin, programs: { '/bin/go-httpbin': httpbin } },
    'istio/tcp-echo-server': { entrypoint: program('tcp-echo'), cmd: ['9000', 'hello'] },
    'meshproof/reference-sidecar': {
      entrypoint: program('sidecar'),
      cmd: [],
      env: { CONTROLLER_SOCKET: CONTROLLER_SOCKET_INSIDE, ...NO_AUTHORITIES },
    },
    'meshproof/reference-sidecar-crashing': { entrypoint: ['false'], cmd: [] },
    'meshproof/reference-controller': { entrypoint: [...IDLE, 'controller'], cmd: [], service: 'mesh-controller' },
    'coredns/coredns': { entrypoint: [...IDLE, 'coredns'], cmd: [], service: 'dns' },
  };
}

/** The image for a reference such as `registry.example:5000/mccutchen/go-httpbin:v2.15.0`. Undefined if it is unknown. */
export function findImage(images: Record<string, Image>, reference: string): Image | undefined {
  const repository = reference.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  return images[repository.split('/').slice(-2).join('/')];
}

interface CommandLine {
  argv: string[];
  /** The words after the program in the manifest or the image. */
  args: string[];
}

/**
 * The command line of a container, by the rules of Kubernetes: `command` replaces the image's entrypoint and arguments,
 * `args` replaces the arguments.
 */
export function commandLine(image: Image, [program, ...words]: string[] = [], args?: string[]): CommandLine {
  if (program === undefined) return { argv: [...image.entrypoint, ...(args ?? image.cmd)], args: args ?? image.cmd };
  const rest = [...words, ...(args ?? [])];
  return { argv: [...(image.programs?.[program] ?? [program]), ...rest], args: rest };
}
