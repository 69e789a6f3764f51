/** Web pages in place of responses, as of login portals. */
import type {SpokeError} from '../errors/spoke-error.ts';
import {notKubernetesError} from './validate-object.ts';

/** A login portal returns a page with status 200 for every request; an apiserver never sends HTML here. */
export function webPageError(expected: string, body: string): SpokeError {
	const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? '';
	const excerpt = (title.trim() === '' ? body.replaceAll(/<(?:style|script)\b[\s\S]*?<\/(?:style|script)>|<[^>]*>/gi, ' ') : title)
		.trim()
		.replaceAll(/\s+/g, ' ')
		.slice(0, 200);
	const error = notKubernetesError(`received a web page instead of ${expected}${excerpt === '' ? '' : `: ${excerpt}`}`);
	return excerpt === '' ? error : error.withChanges({text: excerpt});
}

export function isWebPage({'content-type': type}: {'content-type'?: string | undefined}): boolean {
	return ['text/html', 'application/xhtml+xml'].includes((type ?? '').split(';', 1)[0]!.trim().toLowerCase());
}
