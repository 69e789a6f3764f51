/** Checks the folders of source/session/ against test/architecture/features.ts. */
import test from 'ava';
import {features, screensMayImport, stateMayImport, type Feature} from './features.ts';
import {readSource, roomOf, type Import} from './imports.ts';

const files = (await readSource()).filter(({path}) => path.startsWith('session/'));
const byName = new Map(features.map(feature => [feature.name, feature]));
const imports = files.flatMap(file => file.imports.filter(edge => edge.package === null));
const between = imports.filter(({from, to}) => featureOf(to) !== undefined && featureOf(from) !== featureOf(to));

const state = new Set(features.flatMap(feature => feature.state.map(file => `session/${feature.name}/${file}`)));
const screens = new Set([
	...features.flatMap(feature => feature.screens.map(file => `session/${feature.name}/${file}`)),
	...files.map(({path}) => path).filter(path => path.endsWith('.tsx')),
]);

test('every file that a feature names exists', t => {
	const paths = new Set(files.map(({path}) => path));
	t.deepEqual(
		features.flatMap(feature =>
			[...feature.state, ...feature.screens, ...feature.offers]
				.map(file => `session/${feature.name}/${file}`)
				.filter(path => !paths.has(path)),
		),
		[],
	);
});

test('a feature imports only the files that another feature offers', t => {
	t.deepEqual(
		between.filter(({from, to}) => featureOf(from) !== undefined && !byName.get(featureOf(to)!)?.offers.includes(fileOf(to))).map(shown),
		[],
	);
});

test('a feature offers only files that another feature imports', t => {
	const used = new Set(between.map(({to}) => to));
	const unused = ({name, offers}: Feature) => offers.map(file => `session/${name}/${file}`).filter(path => !used.has(path));
	t.deepEqual(features.flatMap(unused), []);
});

test('the kit imports only types of the features', t => {
	t.deepEqual(between.filter(({from, typeOnly}) => featureOf(from) === 'kit' && !typeOnly).map(shown), []);
});

test('the state of a feature imports no effects and no screens, not even types of them', t => {
	t.deepEqual(imports.filter(edge => state.has(edge.from) && !isAllowed(edge, stateMayImport, to => state.has(to))).map(shown), []);
});

test('the screens of a feature import no effects, not even types of them', t => {
	t.deepEqual(
		imports.filter(edge => screens.has(edge.from) && !isAllowed(edge, screensMayImport, to => state.has(to) || screens.has(to))).map(shown),
		[],
	);
});

function isAllowed({to, typeOnly}: Import, rooms: readonly string[], isInside: (path: string) => boolean): boolean {
	return roomOf(to) === 'session' ? isInside(to) : typeOnly || rooms.includes(roomOf(to));
}

function featureOf(path: string): string | undefined {
	return /^session\/([^/]+)\//.exec(path)?.[1];
}

function fileOf(path: string): string {
	return path.split('/').slice(2).join('/');
}

function shown({from, to}: Import): string {
	return `${from} → ${to}`;
}
