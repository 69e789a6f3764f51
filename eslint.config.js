/** ESLint's and typescript-eslint's strictest shared rules. Each exception has its reason; prettier decides the layout. */
import js from '@eslint/js';
import ava from 'eslint-plugin-ava';
import tseslint from 'typescript-eslint';

export default tseslint.config(
	{
		ignores: [
			'build/**',
			'dist/**',
			'man/**',
			'test/real-cluster/modules/**',
			'test/peer/**',
			'scripts/*.mjs',
			'eslint.config.js',
			'test/**/*.{js,cjs}',
		],
	},
	js.configs.recommended,
	tseslint.configs.strictTypeChecked,
	tseslint.configs.stylisticTypeChecked,
	{languageOptions: {parserOptions: {projectService: true}}},
	{
		rules: {
			'max-len': [
				'error',
				{code: 140, tabWidth: 2, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true},
			],
			'@typescript-eslint/array-type': ['error', {default: 'array-simple'}],
			'@typescript-eslint/consistent-type-definitions': ['error', 'type'],
			'@typescript-eslint/dot-notation': ['error', {allowIndexSignaturePropertyAccess: true}],
			'@typescript-eslint/restrict-template-expressions': [
				'error',
				{allowNumber: true, allowBoolean: true, allowNullish: true, allow: ['Error', 'URL', 'URLSearchParams']},
			],
			'@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true}],
			'@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
			// Indexes are checked by `noUncheckedIndexedAccess`; `!` says where the length was checked before.
			'@typescript-eslint/no-non-null-assertion': 'off',
			// Protocol code names control characters.
			'no-control-regex': 'off',
			// `Promise<void>` members and `void` results are part of many callbacks here.
			'@typescript-eslint/no-invalid-void-type': 'off',
			// `||` also replaces the empty strings of kubeconfigs and of servers.
			'@typescript-eslint/prefer-nullish-coalescing': 'off',
			// Callbacks that wait for nothing, and fakes.
			'@typescript-eslint/no-empty-function': 'off',
			// An interface may ask for a promise that one implementation does not need.
			'@typescript-eslint/require-await': 'off',
			// What a callback or another process changes is no constant to the reader.
			'@typescript-eslint/no-unnecessary-condition': 'off',
			// Handlers return promises that their callers do not wait for; `no-floating-promises` stays on.
			'@typescript-eslint/no-misused-promises': ['error', {checksVoidReturn: false}],
			// Objects made of closures are passed on by their members.
			'@typescript-eslint/unbound-method': 'off',
			// A string is spread to get its code points.
			'@typescript-eslint/no-misused-spread': 'off',
			'no-empty': ['error', {allowEmptyCatch: true}],
			// A type parameter that names only the result lets the caller say what it expects.
			'@typescript-eslint/no-unnecessary-type-parameters': 'off',
			// The sockets of node:https are TLS sockets, typed as plain ones.
			'@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
			// The reason of an abort is thrown as it is.
			'@typescript-eslint/only-throw-error': 'off',
			// `null` and `undefined` are told apart.
			'@typescript-eslint/prefer-optional-chain': 'off',
		},
	},
	{
		// Tests read JSON and rows of data as they come.
		files: ['test/**'],
		rules: {
			'@typescript-eslint/no-unsafe-member-access': 'off',
			'@typescript-eslint/no-unsafe-assignment': 'off',
			'@typescript-eslint/no-unsafe-argument': 'off',
			'@typescript-eslint/no-unsafe-call': 'off',
			'@typescript-eslint/no-unsafe-return': 'off',
			'@typescript-eslint/no-dynamic-delete': 'off',
			'@typescript-eslint/no-unsafe-enum-assignment': 'off',
			'@typescript-eslint/no-base-to-string': 'off',
			'@typescript-eslint/restrict-template-expressions': 'off',
			'@typescript-eslint/no-confusing-void-expression': 'off',
		},
	},
	{
		files: ['test/**'],
		plugins: {ava},
		rules: {
			'ava/no-only-test': 'error',
			'ava/no-skip-test': 'error',
			'ava/no-identical-title': 'error',
		},
	},
	{
		files: ['source/**'],
		rules: {
			'no-restricted-imports': [
				'error',
				{
					paths: [
						{
							name: 'node:util',
							importNames: ['promisify'],
							message: 'The build replaces functions of built-ins, without their own variants for promisify.',
						},
					],
				},
			],
		},
	},
);
