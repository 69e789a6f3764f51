/** The screen: a header, a view or the layer over it, and a footer. */
import {Box} from 'ink';
import {memo, type ReactNode} from 'react';
import {auditScreen} from '../audit/audit-screen.ts';
import {Dialog} from '../dialogs/dialog.tsx';
import {forwardsScreen} from '../forwards/forwards-screen.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {Rows} from '../kit/rows.tsx';
import {ScreenContext, useScreen, wholeScreen, type ScreenHost} from '../kit/screen-context.ts';
import type {Line} from '../kit/styled-line.ts';
import {isListName} from '../lists/list-kinds.ts';
import {List} from '../lists/list.tsx';
import {Preview} from '../lists/preview.tsx';
import {proxyScreen} from '../proxy/proxy-screen.ts';
import {sandboxScreen} from '../sandbox/sandbox-screen.ts';
import {Tail} from '../tail/tail.tsx';
import {Help} from '../text/help.tsx';
import {TextPage} from '../text/text-page.tsx';
import {Why} from '../why/why.tsx';
import {Connections} from './connections-pane.tsx';
import {Footer} from './footer.tsx';
import {Header} from './header.tsx';
import {Messages} from './message-list.tsx';
import {PathPane} from './path-pane.tsx';
import {Tabs} from './tabs.tsx';

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
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<Header />
			{hasLayer ? <Layer /> : <View />}
			<Footer />
			<Dialog />
		</Box>
	);
});

function View(): ReactNode {
	const view = useScreen(({state}) => state.view);
	return (
		<>
			<Tabs />
			{isListName(view) ? <List name={view} /> : <Body draw={viewBodies[view]} />}
			{isListName(view) && <Preview />}
			<PathPane />
			<Connections />
		</>
	);
}

const viewBodies = {forwards: forwardsScreen, proxy: proxyScreen, audit: auditScreen, sandbox: sandboxScreen};

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
			return <Help context={layer.context} top={layer.top} />;
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
	const view = useScreen(({tail}) => tail);
	return view && <Tail view={view} />;
}

function Body({draw}: {readonly draw: (screen: RenderInput, rows: number) => readonly Line[]}): ReactNode {
	const screen = useScreen(wholeScreen);
	return <Rows draw={({rows}) => draw(screen, rows)} />;
}
