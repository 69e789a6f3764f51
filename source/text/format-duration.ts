/** How long something took, in words: `0.4 s`, `52 s`, `1 min 52 s`, `2 h 3 min`. */
export function formatDuration(ms: number): string {
	const seconds = Math.max(0, ms / 1000);
	if (seconds < 10) {
		return `${seconds.toFixed(1)} s`;
	}

	const whole = Math.floor(seconds);
	if (whole < 60) {
		return `${whole} s`;
	}

	const minutes = Math.floor(whole / 60);
	return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
