/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are followed by downloads where Node can; else the error says what would. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { loadDataset } from '../dist/data/load.js';
import { useProxies } from '../dist/data/proxy.js';
import { refusalMessage, temporaryFolder } from './support/data-files.ts';
import { knownSetsWith, type Mirror, makeArchives, serve, startMirror } from './support/data-server.ts';

const archives = makeArchives();

/** A proxy that tunnels, or answers 502; what it was asked to connect to. */
async function startProxy(t: TestContext, works = true) {
  const asked: string[] = [];
  const server = http.createServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.on('error', () => {});
    if (!works) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function load(t: TestContext, mirror: Mirror, environment: Record<string, string>) {
  const cacheDir = await temporaryFolder(t);
  const sets = knownSetsWith(archives, [mirror]);
  return loadDataset({ set: 'fashion-mnist', dir: null }, { environment, cacheDir, knownSets: sets });
}

const capable = { skip: !('setGlobalProxyFromEnv' in http) && 'this Node cannot use proxies' };

for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])
  for (const scheme of ['http://', ''])
    test(`${name}=${scheme}HOST:PORT: downloads go through the proxy`, capable, async (t) => {
      const proxy = await startProxy(t);
      const mirror = await startMirror(t, archives, serve);
      const { train } = await load(t, mirror, { [name]: `${scheme}${proxy.host}` });
      assert.equal(train.count, 60);
      assert.ok(proxy.asked.length > 0);
      const before = proxy.asked.length;
      await (await fetch(`${mirror.url}t10k-labels-idx1-ubyte.gz`)).arrayBuffer();
      assert.equal(proxy.asked.length, before, 'after the download fetch is as it was');
    });

test('NO_PROXY is obeyed too', capable, async (t) => {
  const proxy = await startProxy(t, false);
  const mirror = await startMirror(t, archives, serve);
  await load(t, mirror, { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: '127.0.0.1,localhost' });
  assert.deepEqual(proxy.asked, []);
});

test('a proxy that fails is named by its variable', capable, async (t) => {
  const proxy = await startProxy(t, false);
  const mirror = await startMirror(t, archives, serve);
  const message = await refusalMessage(load(t, mirror, { HTTP_PROXY: `http://${proxy.host}` }), []);
  assert.match(message, /fetch failed \(.*\(HTTP_PROXY is used\)/);
  assert.deepEqual(mirror.requests, []);
});

test('a proxy of another kind is left aside, and a failure says so', capable, async (t) => {
  const mirror = await startMirror(t, archives, serve);
  await load(t, mirror, { HTTPS_PROXY: 'socks5://127.0.0.1:9' });
  const gone = { ...mirror, url: 'http://127.0.0.1:9/set/' };
  const message = await refusalMessage(load(t, gone, { HTTPS_PROXY: 'socks5://127.0.0.1:9' }), []);
  assert.match(message, /\(HTTPS_PROXY is not used: expected the address of an HTTP proxy/);
});

test('a Node that cannot use a proxy: the words name the variable and the Node that can', () => {
  const runtime = { version: '20.1.0', switchedOn: false };
  const { words } = useProxies({ HTTPS_PROXY: 'http://proxy:3128' }, runtime);
  assert.match(words, /HTTPS_PROXY is set: Node 20\.1\.0 does not use it .*npm start/);
  assert.equal(useProxies({}, runtime).words, '');
  assert.equal(useProxies({ HTTPS_PROXY: ' ' }, runtime).words, '');
  const switched = useProxies({ https_proxy: 'http://p:1', NO_PROXY: 'a' }, { ...runtime, switchedOn: true });
  assert.match(switched.words, /https_proxy is used.*NO_PROXY/);
});
