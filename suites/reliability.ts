import { claim, curl, expect, given, httpbin, policy } from '../lib/harness.ts';

const request = curl.gets(httpbin);

claim(
  {
    id: 'reliability/keeps-answering',
    title: 'allowed requests are answered every time: not one in 500 is lost',
    spec: 'every guide: traffic that is allowed passes',
    level: 'extended',
    features: ['permissive'],
    starts: { permissive: true },
  },
  async () => {
    await given.answered(request);

    await expect.soakAnswered(request);
  },
);

claim(
  {
    id: 'reliability/keeps-refusing',
    title: 'requests that are not allowed are refused every time: not one in 500 gets through',
    spec: 'every guide: traffic that no policy allows is refused',
    level: 'extended',
    features: ['permissive', 'http-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(request);

    await expect.soakRefused(request);

    await policy({ client: curl, server: httpbin }).apply();
    await given.answered(request);
  },
);

claim(
  {
    id: 'reliability/whole-answers',
    title: 'a large answer arrives complete',
    spec: 'every guide: traffic that is allowed passes',
    features: ['permissive'],
    starts: { permissive: true },
  },
  async () => {
    await given.answered(request);

    await expect.answered(curl.posts(httpbin));
  },
);
