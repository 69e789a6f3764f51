/** A round-robin TCP balancer: `node balancer.ts HOST:PORT TARGET…`. */
import {connect, createServer} from 'node:net';
import process from 'node:process';

const [listen = '', ...targets] = process.argv.slice(2);
let turn = 0;
const server = createServer({allowHalfOpen: true}, client => {
	const target = split(targets[turn++ % targets.length] ?? '');
	const upstream = connect({...target, allowHalfOpen: true});
	client.pipe(upstream).pipe(client);
	client.on('error', () => upstream.destroy());
	upstream.on('error', () => client.destroy());
});
server.listen(split(listen));

function split(address: string): {host: string; port: number} {
	const at = address.lastIndexOf(':');
	return {host: address.slice(0, at), port: Number(address.slice(at + 1))};
}
