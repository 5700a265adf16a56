import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeTools, isAlive } from '../processes/testing/fake-tools.ts';
import { deleteKind, reuseKind, type UpKindOptions, upKind } from './kind.ts';

let tools: FakeTools;
const beforeCreate = jest.fn<(name: string) => void>();
const gone = jest.fn<(name: string) => void>();
const child = jest.fn<(pid: number, what: string) => void>();

beforeEach(() => {
  tools = new FakeTools();
  beforeCreate.mockClear();
  gone.mockClear();
  child.mockClear();
});
afterEach(() => tools.remove());

/** docker knows the nodes as long as the file `nodes` is there; `kind delete` takes it away. */
const DOCKER = 'case "$1" in ps) cat "$HERE/nodes" 2> /dev/null; exit 0;; esac';
const kindThat = (creates: string) => `case "$1" in
  get) cat "$HERE/nodes" 2> /dev/null;;
  create) echo x-control-plane > "$HERE/nodes"; ${creates};;
  delete) rm -f "$HERE/nodes";;
esac`;

function options(signal = new AbortController().signal): UpKindOptions {
  const kubeconfig = path.join(tools.folder, 'kubeconfig');
  const common = { clusterName: 'x', kubeconfig, timeoutScale: 1, signal, child, report: () => undefined };
  return { ...common, beforeCreate, gone, keep: false, early: [], runId: 'r1', leaseLost: () => undefined };
}

describe('a kind cluster', () => {
  test('is not created where one of that name is there', async () => {
    tools.add('docker', 'echo x-control-plane');
    tools.add('kind', '');

    await expect(upKind(options())).rejects.toMatchObject({
      message: 'a kind cluster x exists already',
      remedy: expect.stringContaining('kind delete cluster --name x'),
    });
    expect(beforeCreate).not.toHaveBeenCalled();
    expect(tools.calls.filter((call) => call.startsWith('kind create'))).toEqual([]);
  });

  test('that could not be created is deleted again, and the message has the output of kind', async () => {
    tools.add('docker', DOCKER);
    tools.add('kind', kindThat('echo "ERROR: no such image" >&2; exit 1'));

    await expect(upKind(options())).rejects.toThrow(/could not create the cluster x: exit status 1\n.*no such image/);
    expect(beforeCreate).toHaveBeenCalledWith('x');
    expect(gone).toHaveBeenCalledWith('x');
    expect(existsSync(path.join(tools.folder, 'nodes'))).toBe(false);
  });

  test('that could not be created, nor deleted again, is not reason to be gone', async () => {
    tools.add('docker', DOCKER);
    tools.add('kind', 'case "$1" in create) echo x-control-plane > "$HERE/nodes"; exit 1;; delete) exit 1;; esac');

    await expect(upKind(options())).rejects.toThrow(/cannot delete the kind cluster x/);
    expect(gone).not.toHaveBeenCalled();
  });

  test('is waited for as long as the timeout scale allows, and then deleted', async () => {
    tools.add('docker', DOCKER);
    tools.add('kind', kindThat('exec sleep 60'));

    await expect(upKind({ ...options(), timeoutScale: 0.005 })).rejects.toMatchObject({
      message: expect.stringContaining('kind did not create the cluster x within 1.5 s'),
      remedy: expect.stringContaining('--timeout-scale'),
    });
    expect(existsSync(path.join(tools.folder, 'nodes'))).toBe(false);
  });

  test("is created with the run's own kubeconfig, image and configuration", async () => {
    tools.add('docker', DOCKER);
    tools.add('kind', kindThat('exit 1'));

    const call = upKind({ ...options(), nodeImage: 'kindest/node:v0', configFile: '/c.yaml' });
    await expect(call).rejects.toThrow();
    expect(tools.calls).toContain(
      `kind create cluster --name x --kubeconfig ${tools.folder}/kubeconfig --config /c.yaml --image kindest/node:v0`,
    );
  });

  test('whose creation is interrupted is deleted, and nothing that kind started lives on', async () => {
    const interruption = new AbortController();
    tools.add('docker', DOCKER);
    tools.add('kind', kindThat('sleep 60 & echo $! > "$HERE/pid"; echo started >&2; wait'));

    const created = upKind({
      ...options(interruption.signal),
      report: (line) => line === 'started' && interruption.abort(),
    });
    await expect(created).rejects.toMatchObject({ code: 'aborted' });
    expect(isAlive(Number(tools.read('pid')))).toBe(false);
    expect(existsSync(path.join(tools.folder, 'nodes'))).toBe(false);
    expect(child).toHaveBeenCalledWith(expect.any(Number), expect.stringContaining('kind create cluster'));
  });

  test('never touches the kubeconfig of the user, not when it is deleted either', async () => {
    tools.add('docker', DOCKER);
    tools.add('kind', kindThat(''));
    await deleteKind('x');
    const kindCalls = tools.calls.filter((call) => call.startsWith('kind '));
    expect(kindCalls).toEqual([expect.stringMatching(/^kind delete cluster --name x --kubeconfig \S+x\.kubeconfig$/)]);
  });

  test('that cannot be deleted is named', async () => {
    tools.add('docker', 'echo x-control-plane');
    tools.add('kind', 'echo "permission denied" >&2; exit 1');
    await expect(deleteKind('x')).rejects.toMatchObject({
      message: expect.stringMatching(/cannot delete the kind cluster x: exit status 1\npermission denied/),
      remedy: 'kind delete cluster --name x',
    });
  });

  test('can be reused only where there is one', async () => {
    tools.add('docker', DOCKER);
    tools.add('kind', '');
    await expect(reuseKind(options())).rejects.toMatchObject({
      message: 'there is no kind cluster x to reuse',
      remedy: expect.stringContaining('--keep --cluster-name x'),
    });
  });
});

describe('a machine', () => {
  test('without docker is received so', async () => {
    tools.remove();
    tools = new FakeTools(false);
    await expect(upKind(options())).rejects.toThrow('docker is not installed');
  });

  test('without kind is received so, before anything is created', async () => {
    tools.remove();
    tools = new FakeTools(false);
    tools.add('docker', '');
    await expect(upKind(options())).rejects.toThrow('kind is not installed');
    expect(beforeCreate).not.toHaveBeenCalled();
  });

  test('whose Docker is down is received so', async () => {
    tools.add('docker', 'echo "Cannot connect to the Docker daemon. Is the docker daemon running?" >&2; exit 1');
    tools.add('kind', '');
    await expect(upKind(options())).rejects.toMatchObject({
      message: expect.stringContaining('docker does not answer'),
      remedy: expect.stringContaining('start docker'),
    });
  });
});
