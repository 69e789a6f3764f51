/** Reads Ink's tree as a screen reader does: with the labels, roles and states of its boxes. */
import type {DOMElement} from 'ink';
import {textOf} from './paint-tree.ts';

/** What Ink's own reader mode writes, one line per box of a column. Ink does not export it. */
export function spokenTree(node: DOMElement, parentRole?: string): string {
	const {role, state = {}} = node.internal_accessibility ?? {};
	const parts = node.childNodes.map(child => (child.nodeName === '#text' ? '' : spokenTree(child, role)));
	const text =
		node.nodeName === 'ink-text' ? textOf(node) : parts.filter(part => part !== '').join(node.style.flexDirection === 'row' ? ' ' : '\n');
	const states = Object.entries(state).flatMap(([name, isSo]) => (isSo ? [name] : []));
	return `${role === undefined || role === parentRole ? '' : `${role}: `}${states.length === 0 ? '' : `(${states.join(', ')}) `}${text}`;
}
