import { NO_AUTHORITIES, OPENSSL_AUTHORITIES } from '../node-process.ts';
import { BUILT_PROGRAMS, CONTROLLER_SOCKET_INSIDE, PROGRAMS } from './places.ts';

/** A service of the sandbox's own process. It runs as long as a container of its image. */
export type Service = 'mesh-controller' | 'dns';

/** What the sandbox needs of a container image. */
export interface Image {
  entrypoint: string[];
  cmd: string[];
  env?: Record<string, string>;
  /** The image's own programs: the command for each name in a manifest. */
  programs: Record<string, string[]>;
  service?: Service;
}

/** Node for a container: without threads that wait for work, because a dozen run side by side. */
export const NODE_FLAGS = ['--v8-pool-size=0', OPENSSL_AUTHORITIES];

/** The command by which a container runs a program of this project. */
export const NODE_COMMAND = [`${PROGRAMS}/node`, ...NODE_FLAGS];

/** The process of a container whose image stands for a service. */
const IDLE = 'trap "exit 0" TERM; sleep 2147483647 & wait';

/** The images by repository, without registry and tag. */
export function knownImages(): Record<string, Image> {
  const program = (name: string): string[] => [...NODE_COMMAND, `${BUILT_PROGRAMS}/${name}.js`];
  return {
    'curlimages/curl': { entrypoint: ['curl'], cmd: ['--help'], programs: {} },
    'mccutchen/go-httpbin': {
      entrypoint: [],
      cmd: ['/bin/go-httpbin'],
      programs: { '/bin/go-httpbin': program('httpbin') },
    },
    'istio/tcp-echo-server': {
      entrypoint: ['/bin/tcp-echo'],
      cmd: ['9000', 'hello'],
      programs: { '/bin/tcp-echo': program('tcp-echo') },
    },
    'meshproof/reference-sidecar': {
      entrypoint: ['sidecar'],
      cmd: [],
      env: { CONTROLLER_SOCKET: CONTROLLER_SOCKET_INSIDE, ...NO_AUTHORITIES },
      programs: { sidecar: program('sidecar') },
    },
    'meshproof/reference-sidecar-crashing': { entrypoint: ['false'], cmd: [], programs: {} },
    'meshproof/reference-controller': {
      entrypoint: ['controller'],
      cmd: [],
      programs: { controller: ['sh', '-c', IDLE, 'controller'] },
      service: 'mesh-controller',
    },
    'coredns/coredns': {
      entrypoint: ['coredns'],
      cmd: [],
      programs: { coredns: ['sh', '-c', IDLE, 'coredns'] },
      service: 'dns',
    },
  };
}

/** The image for a reference such as `registry.example:5000/mccutchen/go-httpbin:v2.15.0`. Undefined if it is unknown. */
export function findImage(images: Record<string, Image>, reference: string): Image | undefined {
  const repository = reference.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  return images[repository.split('/').slice(-2).join('/')];
}

export interface CommandLine {
  argv: string[];
  /** The words after the program's name in the manifest. */
  args: string[];
}

/**
 * The command line of a container, by the rules of Kubernetes: `command` replaces the image's entrypoint and arguments,
 * `args` replaces the arguments.
 */
export function commandLine(image: Image, command: string[] | undefined, args: string[] | undefined): CommandLine {
  const words =
    command !== undefined && command.length > 0
      ? [...command, ...(args ?? [])]
      : [...image.entrypoint, ...(args ?? image.cmd)];
  const [first = '', ...rest] = words;
  return { argv: [...(image.programs[first] ?? [first]), ...rest], args: rest };
}
