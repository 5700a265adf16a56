import { mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ObjectView } from '../contract.ts';
import { dataOf } from './environment.ts';
import type { ContainerSpec, Volume } from './pod-spec.ts';
import { makeMountFile, makeMountPoint } from './root.ts';

/**
 * Makes a pod's volumes as folders on the node.
 *
 * @param folder - the pod's own; each volume becomes a folder in it
 * @throws Error for a volume whose source is not there, or of a kind that the sandbox does not have
 */
export function makeVolumes(volumes: Volume[], folder: string, namespace: string, view: ObjectView): void {
  for (const volume of volumes) {
    const place = join(folder, volume.name);
    mkdirSync(place, { recursive: true, mode: 0o777 });
    for (const [path, text] of contentOf(volume, namespace, view)) {
      const file = join(place, within(path, `volume ${volume.name}: path`));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}

/**
 * Which folders and files of the pod's volumes a container has, and where; the places to mount them on are made.
 *
 * @throws Error for a path that leads out of the volume or of the container's root
 */
export function mountsOf(container: ContainerSpec, folder: string): [string, string][] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, subPath }) => {
    const volume = realpathSync(join(folder, name));
    // Through a link that a container made, the node would mount its own files.
    const source = realpathSync(join(volume, within(subPath ?? '', `volume ${name}: subPath`)));
    if (source !== volume && !source.startsWith(`${volume}/`)) {
      throw new Error(`volume ${name}: subPath ${subPath} leads out of the volume`);
    }
    within(mountPath, `volume ${name}: mountPath`);
    if (statSync(source).isDirectory()) makeMountPoint(mountPath);
    else makeMountFile(mountPath);
    return [mountPath, source];
  });
}

/** As the API server does, for every path that the node joins to one of its own. @throws Error */
function within(path: string, what: string): string {
  if (path.split('/').includes('..')) throw new Error(`${what} ${path} must not contain '..'`);
  return path;
}

function contentOf(volume: Volume, namespace: string, view: ObjectView): [string, string][] {
  if (volume.emptyDir !== undefined) return [];
  if (volume.configMap !== undefined) {
    return pick(dataOf(view, 'ConfigMap', namespace, volume.configMap.name), volume.configMap.items);
  }
  if (volume.secret !== undefined) {
    return pick(dataOf(view, 'Secret', namespace, volume.secret.secretName), volume.secret.items);
  }
  throw new Error(`volume ${volume.name} is of a kind that the sandbox does not have`);
}

function pick(data: Record<string, string>, items: { key: string; path: string }[] | undefined): [string, string][] {
  return items === undefined ? Object.entries(data) : items.map(({ key, path }) => [path, data[key] ?? '']);
}
