/** Minimum time between data frames. */

/** Limited by reading speed and by slow terminals. */
const paceMs = {near: 80, busy: 160, far: 250} as const;

/** Events per second from which every frame is completely new. */
const busyRate = 1000;

/** `isFar`: a terminal over ssh whose writes block. `rate`: lines per second. */
export function frameIntervalMs({isFar, rate}: {isFar: boolean; rate: number}): number {
	if (isFar) {
		return paceMs.far;
	}

	return rate > busyRate ? paceMs.busy : paceMs.near;
}

export function isReducedMotion({motion, env}: {motion?: string | undefined; env: NodeJS.ProcessEnv}): boolean {
	return motion === undefined ? (env['NO_MOTION'] ?? '') !== '' : motion === 'off';
}
