import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { loadImages, uselessLines } from './images.ts';

const context = { signal: new AbortController().signal, child: () => undefined };

/** A row of containerd's list, as it is once the kubelet may use the image. */
const row = (name: string, digest: string) =>
  `${name} application/x sha256:${digest} 9 MiB linux/amd64 io.cri-containerd.image=managed`;

/** Beside two nodes stands the load balancer of several control planes, which `kind get nodes` names too. */
const KIND = 'case "$*" in "get nodes --name x") printf "balancer\\none\\ntwo\\n";; esac';
/** The second node has no images yet. An import keeps what comes in, by node, and lists the images that came. */
const ENGINE = `case "$*" in
  "inspect "*)
    shift 4
    for name; do case $name in balancer) role=external-load-balancer;; one) role=control-plane;; *) role=worker;; esac
      echo "/$name running $role"; done;;
  "image inspect"*)
    echo 'sha256:i1 linux/amd64 curlimages/curl:8.17.0 '
    echo 'sha256:i9 linux/amd64 stale/image:1 '
    echo 'sha256:i5 linux/arm64 other/arch:1 '
    echo 'sha256:i6 linux/amd64 have/pinned@sha256:bb '
    exit 1;;
  "exec balancer "*) echo "no such program" >&2; exit 127;;
  "exec "*" uname -m") echo x86_64;;
  "exec "*" containerd config dump") printf 'version = 2\\n[plugins."io.containerd.grpc.v1.cri".containerd]\\nsnapshotter = "native"\\n';;
  "exec one ctr"*"images ls") cat <<'END'
REF TYPE DIGEST SIZE PLATFORMS LABELS
${row('docker.io/curlimages/curl:8.17.0', 'd1')}
${row('docker.io/stale/image:1', 'd2')}
${row('sha256:i1', 'd1')}
${row('sha256:i2', 'd2')}
END
;;
  "exec two ctr"*"images ls") echo REF; cat "$HERE/rows" 2> /dev/null;;
  "save "*) shift; echo "archive of $*";;
  "exec -i "*)
    cat > "$HERE/imported-$3"
    printf '%s\\n' '${row('docker.io/curlimages/curl:8.17.0', 'd1')}' '${row('docker.io/stale/image:1', 'd9')}' > "$HERE/rows";;
esac`;

let tools: FakeTools;
beforeEach(() => {
  tools = new FakeTools();
  tools.add('kind', KIND);
});
afterEach(() => {
  tools.remove();
  delete process.env['KIND_EXPERIMENTAL_PROVIDER'];
});

describe('loading images', () => {
  test('copies to each node what it lacks, in one stream, and leaves the rest to the cluster', async () => {
    tools.add('docker', ENGINE);
    const refs = ['curlimages/curl:8.17.0', 'stale/image:1', 'unknown/image:1', 'pinned/image@sha256:aa'];

    expect(await loadImages('x', refs, context)).toEqual({
      loaded: ['curlimages/curl:8.17.0', 'stale/image:1'],
      present: [],
      absent: ['unknown/image:1', 'pinned/image@sha256:aa'],
      useless: [],
    });
    expect(tools.read('imported-one')).toBe('archive of stale/image:1');
    expect(tools.read('imported-two')).toBe('archive of curlimages/curl:8.17.0 stale/image:1');
  });

  test('never takes a container for a node only because it has the label of the cluster', async () => {
    tools.add('docker', ENGINE);
    await loadImages('x', ['stale/image:1'], context);
    expect(tools.calls.filter((call) => /^docker exec .*balancer/.test(call))).toEqual([]);
  });

  test("names the node's snapshotter and platform to containerd, as kind does", async () => {
    tools.add('docker', ENGINE);
    await loadImages('x', ['stale/image:1'], context);
    expect(tools.calls).toContain(
      'docker exec -i two ctr --namespace=k8s.io images import --platform=linux/amd64 --snapshotter=native -',
    );
  });

  test('copies an image once that is named twice, in whatever form', async () => {
    tools.add('docker', ENGINE);
    const refs = ['stale/image:1', 'docker.io/stale/image:1', 'stale/image:1'];
    expect((await loadImages('x', refs, context)).loaded).toHaveLength(1);
  });

  test('tells of an image for another platform, with the way to get the right one, and does not copy it', async () => {
    tools.add('docker', ENGINE);
    const result = await loadImages('x', ['other/arch:1'], context);
    expect(result).toMatchObject({ loaded: [], useless: [{ ref: 'other/arch:1' }] });
    expect(uselessLines(result).join()).toMatch(
      /^image other\/arch:1 is not copied.* for linux\/arm64, .* nodes are linux\/amd64 .*docker pull --platform linux\/amd64 other\/arch:1\)$/,
    );
    expect(tools.calls.filter((call) => call.startsWith('docker save'))).toEqual([]);
  });

  test.each(['have/pinned@sha256:bb', 'docker.io/have/pinned:1@sha256:bb'])(
    'tells of %s that its digest would not be found on a node',
    async (ref) => {
      tools.add('docker', ENGINE);
      const result = await loadImages('x', [ref], context);
      expect(result).toMatchObject({ loaded: [], absent: [], useless: [{ ref }] });
      expect(uselessLines(result).join()).toContain('named by its digest');
    },
  );

  test('goes through the engine that kind is received to use', async () => {
    process.env['KIND_EXPERIMENTAL_PROVIDER'] = 'podman';
    tools.add('podman', ENGINE);
    await loadImages('x', ['stale/image:1'], context);
    expect(tools.calls).toContain('podman save --multi-image-archive --format docker-archive stale/image:1');
  });

  test('that fails says which images, which node and why', async () => {
    tools.add('docker', ENGINE.replace('cat > "$HERE/imported-$3"', 'echo "no space left on device" >&2; exit 1'));
    await expect(loadImages('x', ['stale/image:1'], context)).rejects.toMatchObject({
      message: expect.stringMatching(
        /cannot load stale\/image:1 into (one|two): exit status 1\nno space left on device/,
      ),
      remedy: 'free disk space',
    });
  });

  test('does not speak of disk space where something else was wrong', async () => {
    tools.add('docker', ENGINE.replace('cat > "$HERE/imported-$3"', 'echo "no such snapshotter" >&2; exit 1'));
    await expect(loadImages('x', ['stale/image:1'], context)).rejects.toMatchObject({
      remedy: expect.not.stringContaining('disk'),
    });
  });

  test('that succeeds without the image on the node says so, with image and node', async () => {
    tools.add('docker', ENGINE.replace('"$HERE/rows";;', '/dev/null;;'));
    await expect(loadImages('x', ['curlimages/curl:8.17.0'], context)).rejects.toMatchObject({
      message: expect.stringContaining('curlimages/curl:8.17.0 did not arrive on two'),
      remedy: expect.stringContaining('docker exec two ctr'),
    });
  });

  test.each([
    ['paused', 'docker unpause two'],
    ['exited', 'docker start two'],
  ])('names a node that is %s', async (status, remedy) => {
    tools.add('docker', ENGINE.replace('running $role', `$([ $name = two ] && echo ${status} || echo running) $role`));
    await expect(loadImages('x', ['stale/image:1'], context)).rejects.toMatchObject({
      message: `the container of node two is ${status}, not running`,
      remedy,
    });
  });
});
