import { type IncomingMessage, request } from 'node:http';
import { allowsRequest } from '../mesh/policy.ts';
import type { InboundRule, RequestMatch } from '../mesh/sidecar-config.ts';
import type { HttpRouteGroup, MeshState } from '../mesh/state.ts';
import { awaitingClaims, changing, inArea, type MeshFault, type Sidecar } from './fault.ts';
import { withTargets } from './settings.ts';

/** Faulty meshes that misread the paths, methods and headers of an HTTPRouteGroup. */
export const httpPolicyFaults = inArea(
  'HTTP policies',
  awaitingClaims({
    'http-path-ignored': {
      description: 'an HTTPRouteGroup allows every path, whichever it names',
      caughtBy: [],
      ...withMatches(({ pathRegex: _, ...match }) => match),
    },
    'http-method-ignored': {
      description: 'an HTTPRouteGroup allows every method, whichever it names',
      caughtBy: [],
      ...withMatches(({ methods: _, ...match }) => match),
    },
    'http-headers-ignored': {
      description: 'an HTTPRouteGroup allows requests without the headers that it names',
      devised: true,
      caughtBy: [],
      ...withMatches(({ headers: _, ...match }) => match),
    },
    'http-header-values-ignored': {
      description: 'an HTTPRouteGroup allows requests whose headers have other values than it names',
      devised: true,
      caughtBy: [],
      ...withMatches((match) => withHeaders(match, (name) => [[name, '.*']])),
    },
    'http-first-header-only': {
      description: 'of the headers of a match only the first one is compared',
      devised: true,
      caughtBy: [],
      ...withMatches((match) => {
        let count = 0;
        return withHeaders(match, (name, value) => (count++ === 0 ? [[name, value]] : []));
      }),
    },
    'http-any-header-suffices': {
      description: 'of the headers of a match one is enough',
      devised: true,
      caughtBy: [],
      ...withRequests((requests) =>
        requests.flatMap((match) => {
          const headers = Object.entries(match.headers ?? {});
          return headers.length < 2
            ? [match]
            : headers.map((header) => ({ ...match, headers: Object.fromEntries([header]) }));
        }),
      ),
    },
    'http-header-names-by-case': {
      description: 'a match whose header name has capital letters allows nothing',
      devised: true,
      caughtBy: [],
      ...withRequests((requests) =>
        requests.filter(({ headers = {} }) => Object.keys(headers).every((name) => name === name.toLowerCase())),
      ),
    },
    'http-path-anywhere': {
      description: 'a path matches if its end or its middle does',
      devised: true,
      caughtBy: [],
      ...withMatches(withPath((path) => `.*(?:${path})`)),
    },
    'http-path-as-text': {
      description: 'the regular expression of a path is compared as plain text, except .*',
      devised: true,
      caughtBy: [],
      ...withMatches(withPath((path) => (path === '.*' ? path : path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))),
    },
    'http-path-with-query': {
      description: 'a path is compared together with the query',
      devised: true,
      caughtBy: [],
      data: (sidecar) => ({
        // An encoded question mark is no beginning of a query, so the pattern sees it too.
        request: judgingAs(sidecar, ({ url = '' }) => ({ url: url.replace('?', '%3F') })),
      }),
    },
    'http-first-match-only': {
      description: 'of the matches of an HTTPRouteGroup only the first acts',
      devised: true,
      caughtBy: [],
      ...withGroups((group) => ({ ...group, matches: group.matches.slice(0, 1) })),
    },
    'http-first-method-only': {
      description: 'of the methods of a match only the first acts',
      devised: true,
      caughtBy: [],
      ...withMatches(({ methods, ...match }) => ({ ...match, ...(methods && { methods: methods.slice(0, 1) }) })),
    },
    'http-any-method-means-get': {
      description: 'a match for all methods allows GET and HEAD only',
      devised: true,
      caughtBy: [],
      ...withMatches(({ methods, ...match }) => ({
        ...match,
        methods: methods === undefined || methods.includes('*') ? ['GET', 'HEAD'] : methods,
      })),
    },
    'http-all-matches-of-the-group': {
      description: 'a TrafficTarget that names one match of an HTTPRouteGroup gets all of them',
      devised: true,
      caughtBy: [],
      ...withRulesOfTargets(({ matches: _, ...rule }) => rule),
    },
    'http-group-without-named-matches': {
      description: 'a TrafficTarget that names an HTTPRouteGroup and none of its matches gets none instead of all',
      devised: true,
      caughtBy: [],
      ...withRulesOfTargets((rule) => (rule.kind === 'HTTPRouteGroup' ? { matches: [], ...rule } : rule)),
    },
    'http-first-named-match-only': {
      description: 'of the matches that a TrafficTarget names only the first acts',
      devised: true,
      caughtBy: [],
      ...withRulesOfTargets(({ matches, ...rule }) => ({ ...rule, ...(matches && { matches: matches.slice(0, 1) }) })),
    },
    'http-matches-crossed': {
      description: 'with two matches, the path of one is allowed with the method of the other',
      devised: true,
      caughtBy: [],
      ...withRequests((requests) =>
        requests.flatMap(({ methods: _, ...one }) =>
          requests.map(({ methods }) => ({ ...one, ...(methods && { methods }) })),
        ),
      ),
    },
    'http-method-override-trusted': {
      description: 'the mesh takes the header X-HTTP-Method-Override for the method of a request',
      devised: true,
      caughtBy: [],
      data: (sidecar) => ({
        request: judgingAs(sidecar, ({ headers, method = 'GET' }) => {
          const named = headers['x-http-method-override'];
          return { method: typeof named === 'string' ? named : method };
        }),
      }),
    },
    'http-original-path-trusted': {
      description: 'the mesh takes the header X-Original-URL for the path of a request',
      devised: true,
      caughtBy: [],
      data: (sidecar) => ({
        request: judgingAs(sidecar, ({ headers, url = '/' }) => {
          const named = headers['x-original-url'];
          return { url: typeof named === 'string' ? named : url };
        }),
      }),
    },
    'http-denied-requests-delivered': {
      description: 'an HTTP request that the mesh answers with status 403 reaches the server too',
      devised: true,
      caughtBy: [],
      data: (sidecar) => ({
        deny: (asked, answer) => {
          deliver(asked, sidecar);
          answer.writeHead(403, { 'Content-Length': 0 }).end();
        },
      }),
    },
  }),
);

/** The server's sidecar uses other matches, one for each. */
function withMatches(change: (match: RequestMatch) => RequestMatch): Pick<MeshFault, 'control'> {
  return withRequests((requests) => requests.map(change));
}

/** The server's sidecar uses other matches in each rule. */
function withRequests(change: (requests: RequestMatch[]) => RequestMatch[]): Pick<MeshFault, 'control'> {
  const changed = (rule: InboundRule): InboundRule =>
    rule.requests === undefined ? rule : { ...rule, requests: change(rule.requests) };
  return {
    control: () => ({
      sidecar: (config) => ({
        ...config,
        inbound: config.inbound.map((inbound) => ({ ...inbound, rules: inbound.rules.map(changed) })),
      }),
    }),
  };
}

function withGroups(change: (group: HttpRouteGroup) => HttpRouteGroup): Pick<MeshFault, 'control'> {
  return changing(() => (state) => ({ ...state, httpRouteGroups: state.httpRouteGroups.map(change) }));
}

type Rule = MeshState['targets'][number]['rules'][number];

function withRulesOfTargets(change: (rule: Rule) => Rule): Pick<MeshFault, 'control'> {
  return changing(
    () => (state) => withTargets(state, ({ rules, ...target }) => ({ ...target, rules: rules.map(change) })),
  );
}

function withPath(change: (path: string) => string): (match: RequestMatch) => RequestMatch {
  return (match) => (match.pathRegex === undefined ? match : { ...match, pathRegex: change(match.pathRegex) });
}

function withHeaders(match: RequestMatch, change: (name: string, value: string) => [string, string][]): RequestMatch {
  if (match.headers === undefined) return match;
  return {
    ...match,
    headers: Object.fromEntries(Object.entries(match.headers).flatMap(([name, value]) => change(name, value))),
  };
}

/** Judges each request as if some of its words were others. */
function judgingAs({ config }: Sidecar, change: (asked: IncomingMessage) => { method?: string; url?: string }) {
  return (isAllowed: boolean, asked: IncomingMessage, principal: string, port: number): boolean => {
    const { method = 'GET', url = '/', headers } = asked;
    const inbound = config().inbound.find((each) => each.port === port);
    if (inbound === undefined) return isAllowed;
    return allowsRequest(inbound, principal, { method, url, headers, ...change(asked) });
  };
}

/** Sends a request without a body to the application, and ignores the answer. */
function deliver({ method, url: path, headers }: IncomingMessage, { config }: Sidecar): void {
  const { podAddress: host, inbound } = config();
  const port = inbound.find(({ protocol }) => protocol === 'http')?.port;
  const copy = request({ host, port, method, path, headers, agent: false }, (answer) => answer.resume());
  copy.on('error', () => copy.destroy());
  copy.end();
}
