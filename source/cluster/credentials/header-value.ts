/** What a header may carry, and how text becomes its bytes. */
import {SpokeError} from '../../errors/spoke-error.ts';

/**
Node writes header values as Latin-1; this makes it the UTF-8 bytes that Go writes.
@throws SpokeError ERR_KUBECONFIG_INVALID when `value` (never shown) holds what no header may carry, such as a line end
*/
export function headerValue(name: string, value: string): string {
	if (/[^\t\u0020-\u007E\u0080-\u{10FFFF}]/u.test(value)) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `invalid header field value for "${name}": it holds a control character or a line end`, {
			remedy: 'check this user in the kubeconfig',
		});
	}

	return Buffer.from(value, 'utf8').toString('latin1');
}
