/** How bad a line says it is. */
import type {LineLevel} from './line-buffer.ts';

/** Only the start of a line is looked at: what comes later is its message. */
const lookedAt = 200;

const words = /\b(?:(FATAL|PANIC|CRITICAL|CRIT|EMERG|ALERT|fatal|panic|critical)|(ERROR|ERR|SEVERE|[Ee]rror(?=[\s:"\]])|Exception)|(WARN|WARNING|[Ww]arn(?:ing)?(?=[\s:"\]]))|(INFO|NOTICE|info(?=[\s:"\]]))|(DEBUG|TRACE|debug(?=[\s:"\]])|trace(?=[\s:"\]])))\b/;
const json = /"(?:level|severity|lvl|loglevel|log\.level)"\s*:\s*"?(\w+)/i;
const logfmt = /\b(?:level|lvl|severity)=["']?(\w+)/i;
/** `E1124 14:02:09.002` of klog. */
const klog = /^([IWEF])\d{4} \d\d:/;

const named: Readonly<Record<string, LineLevel>> = {
	fatal: 5, panic: 5, critical: 5, crit: 5, emerg: 5, alert: 5, dpanic: 5, f: 5, error: 4, err: 4, severe: 4, e: 4, warn: 3, warning: 3, w: 3,
	info: 2, information: 2, notice: 2, i: 2, debug: 1, trace: 1, verbose: 1, d: 1, t: 1,
	// Numbers of pino and bunyan.
	10: 1, 20: 1, 30: 2, 40: 3, 50: 4, 60: 5,
};

/** Of the line from `from` to `to`. */
export function levelOf(bytes: Buffer, from = 0, to = bytes.length): LineLevel {
	const text = bytes.toString('latin1', from, Math.min(to, from + lookedAt));
	const first = text.codePointAt(0);
	if (first === 0x7B) {
		return named[json.exec(text)?.[1]?.toLowerCase() ?? ''] ?? 0;
	}

	const short = klog.exec(text);
	if (short) {
		return named[short[1]!.toLowerCase()]!;
	}

	const level = named[logfmt.exec(text)?.[1]?.toLowerCase() ?? ''];
	if (level !== undefined) {
		return level;
	}

	const found = words.exec(text);
	if (!found) {
		return 0;
	}

	return ([5, 4, 3, 2, 1] as const).find((_, index) => found[index + 1] !== undefined) ?? 0;
}
