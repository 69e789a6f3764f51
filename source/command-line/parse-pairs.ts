/** `KEY=VALUE` flags, parsed as by pflag's StringToString. */
import {SpokeError} from '../errors/spoke-error.ts';

/**
A later key wins. A value with one `=` is one pair, commas included; with more it is a line of CSV.
@throws SpokeError ERR_USAGE for a text without `=`
@see https://github.com/spf13/pflag string_to_string.go
*/
export function parsePairs(flag: string, texts: readonly string[]): ReadonlyMap<string, string> {
	const pairs = new Map<string, string>();
	for (const text of texts) {
		const isOne = text.split('=').length === 2;
		for (const pair of isOne ? [text.replaceAll(/^"+|"+$/g, '')] : parseCsvLine(text)) {
			const at = pair.indexOf('=');
			if (at < 0) {
				throw new SpokeError('ERR_USAGE', `invalid argument ${JSON.stringify(text)} for ${flag}: ${pair} must be formatted as key=value`);
			}

			pairs.set(pair.slice(0, at), pair.slice(at + 1));
		}
	}

	return pairs;
}

/** A doubled quote in a quoted field is a quote. */
function parseCsvLine(line: string): string[] {
	return Array.from(
		line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
		([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
	);
}
