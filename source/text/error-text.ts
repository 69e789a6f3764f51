/** An error as one line on stderr. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {sanitizeLine} from './sanitize.ts';

/** `error: message (remedy) [ERR_CODE]`, after kubectl's line if any. */
export function errorText(error: SpokeError): string {
	const {remedy, code} = error;
	return `${sanitizeLine(kubectlLineOrMessage(error))}${remedy === null ? '' : sanitizeLine(` (${remedy})`)} [${code}]`;
}

function kubectlLineOrMessage({message, asKubectl}: SpokeError): string {
	if (asKubectl === null) {
		return `error: ${message}`;
	}

	const line = asKubectl.replaceAll(/\s*\n\s*/g, ' ').trim();
	const text = line.replace(kubectlPrefix, '');
	const at = message.lastIndexOf(text);
	const [before, after] = at < 0 ? [message, ''] : [message.slice(0, at), message.slice(at + text.length)];
	const isSaid = before === '' || line.includes(before) || /^(?:the apiserver responded|not allowed to) /.test(before);
	return isSaid ? line + after : `${line}${line.endsWith(':') ? '' : ':'} ${before.replace(/: $/, '')}${after}`;
}

const kubectlPrefix =
	/^(?:error: )?(?:error from server \(\w+\): |(?:error upgrading connection: )?unable to upgrade connection: |(?:internal error occurred: )*)/i;
