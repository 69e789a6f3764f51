/** How long until the next try. */
import type {SessionState} from './session-state.ts';

/** ` in 4 s`, counted down each second; nothing where nothing may move. */
export function inSeconds({now, isStill}: Pick<SessionState, 'now' | 'isStill'>, at: number): string {
	return isStill ? '' : ` in ${Math.max(0, Math.ceil((at - now) / 1000))} s`;
}
