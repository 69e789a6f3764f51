/** A failure as the one line that a person reads on stderr. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {sanitizeLine} from './sanitize-line.ts';

/** `error: message (remedy) [ERR_CODE]`, without a line break. Where kubectl has a line of its own for the failure, that stands first as it is, and what more is known behind it. */
export function errorText(error: SpokeError): string {
	const {remedy, code} = error;
	return `${sanitizeLine(kubectlLineOrMessage(error))}${remedy === null ? '' : sanitizeLine(` (${remedy})`)} [${code}]`;
}

function kubectlLineOrMessage({message, asKubectl}: SpokeError): string {
	if (asKubectl === null) {
		return `error: ${message}`;
	}

	const line = asKubectl.replaceAll(/\s*\n\s*/g, ' ').trim();
	const words = line.replace(kubectlPrefix, '');
	const at = message.lastIndexOf(words);
	const [before, after] = at < 0 ? [message, ''] : [message.slice(0, at), message.slice(at + words.length)];
	const isSaid = before === '' || line.includes(before) || /^(?:the apiserver answered|not allowed to) /.test(before);
	return isSaid ? line + after : `${line}${line.endsWith(':') ? '' : ':'} ${before.replace(/: $/, '')}${after}`;
}

/** What kubectl puts before the words of a Status. */
const kubectlPrefix = /^(?:error: )?(?:error from server \(\w+\): |(?:error upgrading connection: )?unable to upgrade connection: )/i;
