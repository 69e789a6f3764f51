/** A failure as the one line that a person reads on stderr. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {sanitiseLine} from './sanitise-line.ts';

/** `error: message (remedy) [ERR_CODE]`, without a line break. */
export function errorText({message, remedy, code}: SpokeError): string {
	return `error: ${sanitiseLine(message)}${remedy === null ? '' : sanitiseLine(` (${remedy})`)} [${code}]`;
}
