/** Minimum time between frames that show new data. */

/** Faster frames could not be read (`near`, `busy`) or would queue in a slow terminal (`far`). */
const intervalsMs = {near: 80, busy: 160, far: 250} as const;

/** From this rate on, every frame shows only new lines. */
const busyLinesPerSecond = 1000;

/** `isFar`: an ssh session whose output is waiting to be sent. `rate`: lines per second. */
export function frameIntervalMs({isFar, rate}: {isFar: boolean; rate: number}): number {
	if (isFar) {
		return intervalsMs.far;
	}

	return rate > busyLinesPerSecond ? intervalsMs.busy : intervalsMs.near;
}

export function isReducedMotion({motion, env}: {motion?: string | undefined; env: NodeJS.ProcessEnv}): boolean {
	return motion === undefined ? (env['NO_MOTION'] ?? '') !== '' : motion === 'off';
}
