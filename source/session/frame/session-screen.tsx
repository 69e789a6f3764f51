/** The tree of components: a header, a view or the layer over it, and a footer. */
import {Box} from 'ink';
import {memo, type ReactNode} from 'react';
import {AuditView} from '../audit/audit.tsx';
import {Dialog} from '../dialogs/dialog.tsx';
import {Forwards} from '../forwards/forwards.tsx';
import {ScreenContext, useScreen, type ScreenHost} from '../kit/screen-input.ts';
import {List, Preview} from '../lists/list-pane.tsx';
import {Proxy} from '../proxy/proxy.tsx';
import {Sandbox} from '../sandbox/sandbox.tsx';
import {Tail} from '../tail/tail.tsx';
import {Help} from '../text/help.tsx';
import {Messages, TextPage} from '../text/text-page.tsx';
import {Why} from '../why/why.tsx';
import {Connections} from './connections-pane.tsx';
import {FirstHints, Footer} from './footer.tsx';
import {Header, Tabs} from './header.tsx';
import {PathPane} from './path-pane.tsx';
import {shownTail, type ViewName} from './session-state.ts';

export function SessionScreen(host: ScreenHost): ReactNode {
	return (
		<ScreenContext value={host}>
			<Screen />
		</ScreenContext>
	);
}

const Screen = memo((): ReactNode => {
	const {columns, rows} = useScreen(({state}) => state.size);
	const hasLayer = useScreen(({state}) => state.layers.length > 0);
	const hasDialog = useScreen(({state}) => state.dialog !== null && state.dialog.kind !== 'prompt');
	const isRead = useScreen(({state}) => !(state.hasScreenReader && hasDialog));
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<Header />
			{isRead && (hasLayer ? <Layer /> : <View />)}
			{isRead && (
				<Box flexDirection="column" flexShrink={0}>
					<Footer />
				</Box>
			)}
			<Dialog />
		</Box>
	);
});

/** A screen reader reads the pane that has the keys. */
function View(): ReactNode {
	const view = useScreen(({state}) => state.view);
	const pane = useScreen(({state}) => state.pane);
	const hasScreenReader = useScreen(({state}) => state.hasScreenReader);
	return (
		<>
			<Tabs />
			{(!hasScreenReader || pane === 'main') && (
				// On a low screen, the view is cut, and never the tabs or the footer.
				<Box flexDirection="column" flexGrow={1} flexBasis={0} overflow="hidden">
					<ViewBody view={view} />
					<PathPane />
				</Box>
			)}
			{(!hasScreenReader || pane === 'connections') && <Connections />}
		</>
	);
}

function ViewBody({view}: {readonly view: ViewName}): ReactNode {
	switch (view) {
		case 'forwards': {
			return <Forwards />;
		}

		case 'proxy': {
			return <Proxy />;
		}

		case 'audit': {
			return <AuditView />;
		}

		case 'sandbox': {
			return <Sandbox />;
		}

		default: {
			return (
				<>
					<List name={view} />
					<Preview />
					<FirstHints />
				</>
			);
		}
	}
}

function Layer(): ReactNode {
	const layer = useScreen(({state}) => state.layers.at(-1));
	switch (layer?.kind) {
		case 'tail': {
			return <TailLayer />;
		}

		case 'why': {
			return <Why layer={layer} />;
		}

		case 'text': {
			return <TextPage layer={layer} />;
		}

		case 'help': {
			return <Help keyContext={layer.keyContext} top={layer.top} />;
		}

		case 'messages': {
			return <Messages layer={layer} />;
		}

		case undefined: {
			return null;
		}
	}
}

function TailLayer(): ReactNode {
	const view = useScreen(({state}) => shownTail(state));
	return view && <Tail view={view} />;
}
