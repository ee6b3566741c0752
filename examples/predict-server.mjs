// Answers predictions over HTTP: node predict-server.mjs MODEL [PORT]
//   curl --data-binary @seven.png localhost:8000
//   curl --json '[[0, 0, …], …]' localhost:8000
import { createServer } from 'node:http';
import { load, readImage, UserError } from 'shardstep';

const [source = 'digits.safetensors', port = '8000'] = process.argv.slice(2);
const mostBytes = 16 * 2 ** 20;
const model = await load(source);

const server = createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(`${JSON.stringify(body)}\n`);
  };
  try {
    if (request.method !== 'POST') return answer(405, { error: 'expected POST with an image or JSON' });
    const parts = [];
    let sizeBytes = 0;
    for await (const part of request) {
      sizeBytes += part.length;
      if (sizeBytes <= mostBytes) parts.push(part);
    }
    if (sizeBytes > mostBytes) return answer(413, { error: `expected at most ${mostBytes} bytes` });
    const body = Buffer.concat(parts);
    if (!request.headers['content-type']?.includes('json'))
      return answer(200, predicted(await readImage(body, model)));
    const given = JSON.parse(body.toString());
    answer(200, Array.isArray(given[0]) ? given.map(predicted) : predicted(given));
  } catch (error) {
    const isTheirs = error instanceof UserError || error instanceof SyntaxError;
    if (!isTheirs) console.error(error);
    answer(isTheirs ? 400 : 500, { error: isTheirs ? error.message : 'internal error' });
  }
});

// Takes a fraction of a millisecond: no worker threads are needed.
function predicted(sample) {
  const { label, probabilities } = model.predict(sample);
  const shares = model.labels.map((name, k) => [name, probabilities[k]]);
  return { label, probabilities: Object.fromEntries(shares) };
}

server.listen(Number(port), '127.0.0.1', () =>
  console.log(`${model.source} answers at http://127.0.0.1:${server.address().port}`),
);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
