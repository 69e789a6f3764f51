/** The path of a why screen. */
import type {Path} from '../../evidence/evidence.ts';
import {worstPath} from '../frame/connection-list.ts';
import type {Layer, SessionState} from '../frame/session-state.ts';

export type WhyLayer = Extract<Layer, {kind: 'why'}>;

/**
The path of the open connection (the worst of several), else that of the row. A failure without a connection has none, not even that of the
selected row.
*/
export function whyPath(state: Pick<SessionState, 'connections'>, layer: WhyLayer): Path | null {
	const entry = state.connections.find(one => one.id === layer.entry);
	return (entry ? worstPath(entry.paths.values(), layer.context) : null) ?? layer.path;
}

/**
The screen of a row after its path was read again. It keeps its path until a later one says something else, so that the text does not
change under its reader.
*/
export function withRowPath(layer: WhyLayer, path: Path | null): WhyLayer {
	return path === null || (layer.path !== null && contentOf(layer.path) === contentOf(path)) ? layer : {...layer, path};
}

/** What the screen explains, without times and measured values. The line alone has no basis. */
function contentOf({line, legs, exposure, findings, evidence}: Path): string {
	const verdicts = legs.map(({tls, route}) => [tls, route]);
	const sources = evidence.map(({source, rule}) => [source, rule]);
	return JSON.stringify([line, verdicts, exposure, findings.map(({code}) => code), sources]);
}
