// Unpacks the browser that the package brings, with its libraries and fonts, into a folder.
//
//     node unpack.mjs FOLDER
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import tar from 'tar-fs';

const folder = process.argv[2];
const archives = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules', '@sparticuz', 'chromium', 'bin');
const unpack = (name, to) => pipeline(createReadStream(path.join(archives, `${name}.br`)), createBrotliDecompress(), to);

mkdirSync(folder, { recursive: true });
await Promise.all([
  ...['al2023.tar', 'fonts.tar', 'swiftshader.tar'].map((name) => unpack(name, tar.extract(folder))),
  unpack('chromium', createWriteStream(path.join(folder, 'chromium'), { mode: 0o755 })),
]);
