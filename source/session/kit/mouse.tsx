/** What lies where on the screen, for the mouse. */
import {Box, type DOMElement} from 'ink';
import {createContext, use, useLayoutEffect, useRef, type ComponentProps, type ReactNode, type RefObject} from 'react';
import type {Line} from './styled-line.ts';

/** A pane that takes the wheel and the clicks on its items. `view`: the rows of the current view. */
export type MousePane = 'view' | 'connections' | 'tail' | 'text' | 'dialog';

/** `line`: what a box of one row shows. */
export type MouseTarget = {pane?: MousePane; line?: Line};

export type MouseTargets = WeakMap<DOMElement, MouseTarget>;

export const MouseTargetsContext = createContext<MouseTargets>(new WeakMap());

type MouseBoxProps = MouseTarget & ComponentProps<typeof Box> & {readonly children: ReactNode};

export function MouseBox({pane, line, children, ...style}: MouseBoxProps): ReactNode {
	const box = useMouseTarget({...(pane && {pane}), ...(line && {line})});
	return (
		<Box ref={box} {...style}>
			{children}
		</Box>
	);
}

/** Returns the ref of the box that is the target. */
export function useMouseTarget(target: MouseTarget): RefObject<DOMElement | null> {
	const box = useRef<DOMElement>(null);
	const targets = use(MouseTargetsContext);
	useLayoutEffect(() => {
		// A box that is hidden from a screen reader is not there.
		if (box.current !== null) {
			targets.set(box.current, target);
		}
	});
	return box;
}

/** Whether a click on the line does something. */
export function isClickable({item, spans}: Line): boolean {
	return item !== undefined || spans.some(({action}) => action !== undefined);
}
