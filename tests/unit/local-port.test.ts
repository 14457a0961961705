import { createServer, type Server } from 'node:net';
import { expect, it } from 'vitest';
import { freePort, requireFreePort } from '../../infra/local/port.ts';

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

it('a free port can be listened on', async () => {
  const port = await freePort();
  const server = await listen(port);
  expect(server.listening).toBe(true);
  server.close();
});

it('the preferred port is taken when it is free, another when it is not', async () => {
  const preferred = await freePort();
  expect(await freePort(preferred)).toBe(preferred);
  const server = await listen(preferred);
  expect(await freePort(preferred)).not.toBe(preferred);
  server.close();
});

it('a taken port is answered with its number and a way to choose another', async () => {
  const port = await freePort();
  await expect(requireFreePort(port, '127.0.0.1', 'PORT')).resolves.toBeUndefined();
  const server = await listen(port);
  await expect(requireFreePort(port, '127.0.0.1', 'PORT')).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken: stop the program that listens there, or choose another port with "PORT=${port + 1} npm start".`,
  );
  server.close();
});
