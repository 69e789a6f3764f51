/** Label selectors that the apiserver accepts or refuses. */
import test from 'ava';
import {labelSelectorError} from '../../../source/cluster/targets/label-selector.ts';

test('accepts selectors that the apiserver accepts', t => {
	for (const text of [
		'app',
		'!app',
		'! app',
		'app=web',
		'app==web',
		'app!=web',
		'app=',
		'app=,tier',
		'app in (web)',
		'app in(web, api)',
		'app notin (web,)',
		'app in (,)',
		'in in (in)',
		'a.b/c=d',
		'x > 1',
		'x<2',
		'app in ()',
		' app = web , !tier ',
	]) {
		t.is(labelSelectorError(text), null, text);
	}
});

test('rejects selectors that the apiserver rejects, with the reason', t => {
	const faults: Readonly<Record<string, string>> = {
		'app in (web': '"," or ")" is missing at the end',
		'app in web': '"(" is missing before web',
		'x<-2': '-2 is not a whole number, which < requires',
		'app web': 'one of =, !=, in, notin is missing before web',
		'app=web tier=db': '"," is missing before tier=db',
		'app=web,': 'a key is missing at the end',
		'=web': 'a key is missing before =web',
		'!app=web': '"," is missing before =web',
		'app=web)': '"," is missing before )',
		'app>b': 'b is not a whole number, which > requires',
		'-app': '-app is not a valid label key',
		'a/b/c': 'a/b/c is not a valid label key',
		'app=-x': '-x is not a valid label value: use letters, digits, - _ . and at most 63 characters',
	};
	for (const [text, fault] of Object.entries(faults)) {
		t.is(labelSelectorError(text), fault, text);
	}
});
