import {EventEmitter} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {maxIdleTunnels, type TunnelLease, TunnelPool} from '../../../source/streams/port-forward/tunnel-pool.ts';
import {until} from '../../support/until.ts';

class PretendSession extends EventEmitter<{close: [SpokeError | null]}> {
	usable = true;
	streamBufferBytes = 0;
	readonly congestedStreams = new Set<string>();
	over = false;

	end(): void {
		this.destroy(null);
	}

	destroy(error: SpokeError | null): void {
		if (this.over) {
			return;
		}

		this.over = true;
		this.usable = false;
		this.emit('close', error);
	}
}

class PretendTunnel {
	readonly carrier = 'websocket';
	readonly session = new PretendSession();
	readonly id: string;
	isStale = false;

	constructor(number: number) {
		this.id = `t${number}`;
	}
}

/** Opening takes `openMs`, or fails while `failure` is set. */
function poolOf(t: ExecutionContext, {openMs = 5, burstMs}: {openMs?: number; burstMs?: number} = {}) {
	const told: string[] = [];
	const opened: PretendTunnel[] = [];
	const state = {failure: undefined as SpokeError | undefined, opening: 0, mostOpening: 0, confirmed: [] as boolean[]};
	const pool = new TunnelPool<PretendTunnel>({
		async open(_signal, mustConfirmPod) {
			state.confirmed.push(mustConfirmPod);
			state.opening++;
			state.mostOpening = Math.max(state.mostOpening, state.opening);
			await delay(openMs);
			state.opening--;
			if (state.failure) {
				throw state.failure;
			}

			const tunnel = new PretendTunnel(opened.length + 1);
			opened.push(tunnel);
			return tunnel;
		},
		onInterrupted: (error, attempt) => told.push(`interrupted ${error.code} ${attempt}`),
		onRestored: outageMs => told.push(outageMs >= 0 ? 'restored' : 'restored before it was lost'),
		onOpened: () => undefined,
		...(burstMs !== undefined && {burstMs}),
	});
	const never = new AbortController().signal;
	t.teardown(() => {
		pool.destroy();
	});
	return {pool, told, opened, state, never, live: () => opened.filter(({session}) => !session.over)};
}

async function warmed(pool: TunnelPool<PretendTunnel>): Promise<void> {
	await until(() => pool.tunnels.size >= 2, pool.tunnels);
}

const down = new SpokeError('ERR_APISERVER_UNREACHABLE', 'connection refused');

test('the first connections find an open tunnel, even if another has just leased one', async t => {
	const {pool, never} = poolOf(t);
	await pool.start();
	await warmed(pool);
	for (let index = 0; index < 10; index++) {
		const taken = pool.acquire(never);
		t.false(await Promise.race([taken.then(lease => lease.shared), delay(1, 'waited')]), `connection ${index}`);
		await until(() => [...pool.tunnels.values()].includes(0), pool.tunnels);
	}
});

test('a connection that leases the last tunnel precedes the next handshakes', async t => {
	const {pool, never, state} = poolOf(t, {openMs: 50});
	await pool.start();
	await pool.acquire(never);
	t.is(state.opening, 0);
	const next = pool.acquire(never);
	t.true(state.opening > 0);
	await next;
});

test('sixteen connections have a tunnel each, and further ones share them evenly', async t => {
	const {pool, never, opened, state} = poolOf(t);
	await pool.start();
	const leases = await Promise.all(Array.from({length: 300}, async () => pool.acquire(never)));
	const owned = leases.slice(0, 16);
	t.is(new Set(owned.map(({tunnel}) => tunnel)).size, 16);
	t.true(owned.every(({shared}) => !shared));
	const on = new Map<PretendTunnel, number>();
	for (const {tunnel} of leases) {
		on.set(tunnel, (on.get(tunnel) ?? 0) + 1);
	}

	t.true(Math.max(...on.values()) - Math.min(...on.values()) <= 1, [...on.values()].join(' '));
	t.true(opened.length <= 16 + maxIdleTunnels, `${opened.length} opened for 300 connections`);
	t.true(state.mostOpening <= 8);
});

for (const [title, left, count] of [
	['a burst opens more tunnels when every tunnel is stalled', 0, 40],
	['a tunnel with a stalled stream accepts no new connection', 1, 12],
] as const) {
	test(title, async t => {
		const {pool, never} = poolOf(t);
		await pool.start();
		const owners = await Promise.all(Array.from({length: 16}, async () => pool.acquire(never)));
		await delay(40);
		for (const {tunnel} of owners.slice(left)) {
			tunnel.session.congestedStreams.add('stalled');
		}

		const more = await Promise.all(Array.from({length: count}, async () => pool.acquire(never)));
		t.deepEqual(
			more.filter(({tunnel}) => tunnel.session.congestedStreams.size > 0),
			[],
		);
	});
}

test('four idle tunnels stay open long after a burst, and the next connection does not wait', async t => {
	const {pool, never, live} = poolOf(t, {burstMs: 20});
	await pool.start();
	const leases = await Promise.all(Array.from({length: 40}, async () => pool.acquire(never)));
	for (const lease of leases) {
		lease.release();
		lease.release();
	}

	await until(
		() => live().length === maxIdleTunnels,
		() => live().length,
	);
	t.not(pool.acquireReady(), undefined);
});

test('the next burst uses the tunnels of the one before', async t => {
	const {pool, opened, never} = poolOf(t);
	await pool.start();
	for (let burst = 0; burst < 2; burst++) {
		const leases = await Promise.all(Array.from({length: 12}, async () => pool.acquire(never)));
		await until(() => pool.tunnels.size === 12 + maxIdleTunnels, pool.tunnels);
		for (const lease of leases) {
			lease.release();
		}
	}

	t.is(opened.length, 12 + maxIdleTunnels);
});

test('connections that stay and come one by one open at most twenty tunnels', async t => {
	const {pool, opened, never} = poolOf(t);
	await pool.start();
	for (let index = 0; index < 60; index++) {
		await pool.acquire(never);
		await until(() => opened.length === Math.min(index + 3, 20), opened);
	}

	t.is(opened.length, 20);
});

test('an ended tunnel is replaced silently, and an outage is reported only if that fails', async t => {
	const {pool, told, live, state, never} = poolOf(t);
	await pool.start();
	await warmed(pool);
	for (const tunnel of live()) {
		tunnel.session.destroy(null);
	}

	await until(() => live().length > 0, told);

	t.deepEqual(told, []);
	t.true(live().length > 0);

	state.failure = down;
	for (const tunnel of live()) {
		tunnel.session.destroy(down);
	}

	await until(() => told.length > 0, state);

	t.deepEqual(told, ['interrupted ERR_APISERVER_UNREACHABLE 1']);
	const waiting = pool.acquire(never);
	await delay(20);
	state.failure = undefined;
	t.false((await waiting).shared);
	t.is(told.at(-1), 'restored');
	t.is(told.filter(text => text === 'restored').length, 1);
});

test('a stale tunnel is not leased', async t => {
	const {pool, never, opened} = poolOf(t);
	const first = await pool.start();
	await warmed(pool);
	const old = [...opened];
	for (const tunnel of old) {
		tunnel.isStale = true;
	}

	const lease = await pool.acquire(never);
	t.false(old.includes(lease.tunnel));
	t.true(first.session.over);
});

test('a retired pool ends tunnels with their last connections and rejects waiters', async t => {
	const {pool, never, opened, state} = poolOf(t, {openMs: 30});
	await pool.start();
	const lease = await pool.acquire(never);
	await until(() => [...pool.tunnels.values()].filter(connections => connections === 0).length === 2, pool.tunnels);
	const taken: Array<TunnelLease<PretendTunnel>> = [];
	for (let count = 0; count < 2; count++) {
		taken.push(await pool.acquire(never));
	}

	const waiting = t.throwsAsync(pool.acquire(never), {instanceOf: SpokeError});
	pool.retire();
	t.is((await waiting).code, 'ERR_TARGET_GONE');
	t.false(lease.tunnel.session.over);
	lease.release();
	t.true(lease.tunnel.session.over);
	for (const {release} of taken) {
		release();
	}

	await until(() => state.opening === 0);
	t.true(opened.every(({session}) => session.over));
});

test('an aborted waiter is removed from the pool', async t => {
	const {pool, never, state} = poolOf(t);
	await pool.start();
	await warmed(pool);
	state.failure = down;
	await pool.acquire(never);
	await pool.acquire(never);
	const gaveUp = new AbortController();
	const waiting = t.throwsAsync(pool.acquire(gaveUp.signal));
	await delay(10);
	gaveUp.abort(new Error('the client left'));
	t.is((await waiting).message, 'the client left');
});

test('a pool confirms the pod with the next tunnel after a loss or a stale tunnel only', async t => {
	const {pool, opened, state, live} = poolOf(t);
	await pool.start();
	await warmed(pool);
	t.deepEqual(state.confirmed, [false, false]);
	opened[0]!.session.destroy(down);
	await until(() => live().length === 2, live);
	t.deepEqual(state.confirmed.splice(0), [false, false, true]);
	pool.acquireReady();
	await until(() => live().length === 3, live);
	t.deepEqual(state.confirmed.splice(0), [false]);
	live()[1]!.isStale = true;
	live()[2]!.isStale = true;
	t.is(pool.acquireReady(), undefined);
	await pool.acquire(AbortSignal.timeout(5000));
	t.true(state.confirmed[0]);
});

test('a tunnel that began to open before a loss is not used', async t => {
	const {pool, opened, state, live} = poolOf(t, {openMs: 200});
	await pool.start();
	await until(() => state.opening === 1, state);
	opened[0]!.session.destroy(down);
	const {tunnel} = await pool.acquire(AbortSignal.timeout(5000));
	t.not(tunnel, opened[1]);
	t.true(opened[1]!.session.over);
	t.true(state.confirmed[opened.indexOf(tunnel)]);
	t.true(live().includes(tunnel));
});

test('a pool confirms the pod after an outage without a loss', async t => {
	const {pool, state} = poolOf(t);
	state.failure = down;
	pool.fill();
	await until(() => state.confirmed.length > 0 && state.opening === 0, state);
	state.failure = undefined;
	state.confirmed.length = 0;
	await pool.acquire(AbortSignal.timeout(5000));
	t.true(state.confirmed[0]);
});
