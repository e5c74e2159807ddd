// The other side of the comparison: does one job with sharp, so many times and so many at once.
//
// The job stands in the first argument as JSON. The process warms up, prints a line, waits for a line, works, prints how long
// that took, and lives until its input ends, so that its processor time and memory can be read from outside.

import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import sharp from 'sharp';

const job = JSON.parse(process.argv[2]);
// As a server would: the cache of operations would answer repeated work from memory.
sharp.cache(false);

const input = await readFile(job.input);
const once = () => {
  const image = sharp(input, { animated: job.animated });
  const sized = job.width ? image.resize({ width: job.width, withoutEnlargement: true }) : image;
  const written = job.format === 'raw' ? sized.raw() : sized[job.format](job.options);
  return written.toBuffer();
};

const work = async (count) => {
  let left = count;
  let result;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      result = await once();
    }
  };
  await Promise.all(Array.from({ length: job.concurrency }, lane));
  return result;
};

await work(job.concurrency);
console.log('ready');
const lines = createInterface({ input: process.stdin });
for await (const _line of lines) {
  const started = process.hrtime.bigint();
  const result = await work(job.count);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  await writeFile(job.output, result);
  console.log(JSON.stringify({ ms }));
}
