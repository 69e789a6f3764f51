/** `:tail`, with the flags of `spoke tail` that choose its logs. */
import type {Session} from '../frame/session.ts';
import {openTail, typedTailPlace} from '../tail/open-tail.ts';
import type {PaletteArguments} from './palette-arguments.ts';

export function openTypedTail(session: Session, {words: targets, flags}: PaletteArguments): void {
	const {selector = null, namespace, container} = flags;
	const fault = faultOf({words: targets, flags});
	if (fault !== null) {
		session.showMessage(fault, 'warn');
		return;
	}

	const place = flags['all-namespaces'] ? null : namespace;
	openTail(
		session,
		{
			...typedTailPlace(session, {isSelector: selector !== null}),
			...(place !== undefined && {namespace: place}),
			targets,
			selector,
			containers: flags['all-containers'] ? {kind: 'all'} : container === undefined ? {kind: 'default'} : {kind: 'named', name: container},
		},
		{previous: flags.previous},
	);
}

function faultOf({words, flags}: Pick<PaletteArguments, 'words' | 'flags'>): string | null {
	const {selector, namespace, container} = flags;
	if (words.length === 0 && selector === undefined) {
		return 'type :tail pod/NAME';
	}

	if (words.length > 0 && selector !== undefined) {
		return ':tail takes either a target or -l';
	}

	if (flags['all-namespaces'] && (selector === undefined || namespace !== undefined)) {
		return selector === undefined ? '-A requires -l: a target is in one namespace' : ':tail takes either -A or -n';
	}

	return flags['all-containers'] && container !== undefined ? ':tail takes either -a or -c' : null;
}
