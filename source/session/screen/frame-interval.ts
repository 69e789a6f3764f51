/** How long after a frame may the next one come that no key asked for, and may anything move by itself? */

/** A person cannot read more, and a slow line cannot carry more. */
const paceMs = {near: 80, busy: 160, far: 250} as const;

/** Lines a second from which every frame is wholly new. */
const busyRate = 1000;

/** Milliseconds. `isFar`: a terminal over ssh whose writes block; `rate`: lines a second of the tail on the screen. */
export function frameIntervalMs({isFar, rate}: {isFar: boolean; rate: number}): number {
	if (isFar) {
		return paceMs.far;
	}

	return rate > busyRate ? paceMs.busy : paceMs.near;
}

/** What is asked for (`on`, `off`), else what the environment says: with it nothing moves by itself. */
export function isReducedMotion({motion, env}: {motion?: string | undefined; env: NodeJS.ProcessEnv}): boolean {
	return motion === undefined ? (env['NO_MOTION'] ?? '') !== '' : motion === 'off';
}
