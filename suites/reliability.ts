import { claim, curl, expect, given, httpbin, policy } from '../lib/harness.ts';

const request = curl.gets(httpbin);

claim(
  {
    id: 'reliability/keeps-answering',
    says: 'what is allowed is answered every time: not one request in 500 is lost',
    source: 'every guide: traffic that is allowed passes',
    level: 'extended',
    needs: ['permissive'],
    starts: { permissive: true },
  },
  async () => {
    await given.answered(request);

    await expect.answeredAtLength(request);
  },
);

claim(
  {
    id: 'reliability/keeps-refusing',
    says: 'what is not allowed is refused every time: not one request in 500 gets through',
    source: 'every guide: traffic that no policy allows is refused',
    level: 'extended',
    needs: ['permissive', 'http-policy'],
    starts: { permissive: false },
  },
  async () => {
    await given.refused(request);

    await expect.refusedAtLength(request);

    await policy({ client: curl, server: httpbin }).apply();
    await given.answered(request);
  },
);

claim(
  {
    id: 'reliability/whole-answers',
    says: 'an answer of many pages comes whole',
    source: 'every guide: traffic that is allowed passes',
    needs: ['permissive'],
    starts: { permissive: true },
  },
  async () => {
    await given.answered(request);

    await expect.answered(curl.posts(httpbin));
  },
);
