/**
 * The proxy that the environment names for downloads. Node's fetch does not use it by default. A newer Node has
 * http.setGlobalProxyFromEnv for this; on an older one, the error message names a Node that uses the proxy.
 */
import http from 'node:http';

type Environment = Readonly<Record<string, string | undefined>>;

/** Names in small letters come first, as in curl and in Node. */
const variables = {
  HTTPS_PROXY: ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
  HTTP_PROXY: ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
} as const;

interface Named {
  readonly variable: string;
  /** With its scheme; null if it is not the address of an HTTP proxy. */
  readonly url: string | null;
}

export interface ProxyUse {
  /** Words to add to an error: the proxy that was used, or why it was not; empty if none is named. */
  readonly words: string;
  /** Undoes what was set. */
  end(): void;
}

interface Runtime {
  /** Sets the proxies of fetch and returns a function that undoes it; undefined in an older Node. */
  readonly setProxies?: ((environment: Record<string, string>) => () => void) | undefined;
  readonly version: string;
  /** Whether Node was started with its own switch for proxies. */
  readonly switchedOn: boolean;
}

/** The function is newer than the type declarations. */
const newerHttp: typeof http & { setGlobalProxyFromEnv?: Runtime['setProxies'] } = http;

/** Makes fetch use the proxies of the environment until `end`. */
export function useProxies(environment: Environment, runtime: Runtime = thisRuntime(environment)): ProxyUse {
  const https = named(environment, variables.HTTPS_PROXY);
  const plain = named(environment, variables.HTTP_PROXY);
  const first = https ?? plain;
  const nothing = () => {};
  if (first === null) return { words: '', end: nothing };
  const noProxy = environment.no_proxy || environment.NO_PROXY || '';
  const used = ` (${first.variable} is used${noProxy && ', except for the hosts of NO_PROXY'})`;
  if (runtime.switchedOn) return { words: used, end: nothing };
  if (runtime.setProxies === undefined) {
    const reason = `Node ${runtime.version} does not use it for downloads; \`npm start -- …\` runs the pinned Node, which does`;
    return { words: ` (${first.variable} is set: ${reason})`, end: nothing };
  }
  const unfit = [https, plain].find((proxy) => proxy?.url === null);
  if (unfit) {
    const words = ` (${unfit.variable} is not used: expected the address of an HTTP proxy, such as http://proxy:3128)`;
    return { words, end: nothing };
  }
  const wanted = {
    ...(https?.url ? { HTTPS_PROXY: https.url } : {}),
    ...(plain?.url ? { HTTP_PROXY: plain.url } : {}),
    NO_PROXY: noProxy,
  };
  return { words: used, end: runtime.setProxies(wanted) };
}

function named(environment: Environment, names: readonly string[]): Named | null {
  const variable = names.find((name) => environment[name]?.trim());
  if (variable === undefined) return null;
  const value = environment[variable]?.trim() ?? '';
  // curl accepts `proxy:3128` without a scheme, so many users write that.
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const fits = url !== null && ['http:', 'https:'].includes(url.protocol) && url.hostname !== '';
  return { variable, url: fits ? url.href : null };
}

function thisRuntime(environment: Environment): Runtime {
  const flags = [...process.execArgv, ...(environment.NODE_OPTIONS ?? '').split(/\s+/)];
  return {
    setProxies: newerHttp.setGlobalProxyFromEnv,
    version: process.versions.node,
    switchedOn: environment.NODE_USE_ENV_PROXY === '1' || flags.includes('--use-env-proxy'),
  };
}
