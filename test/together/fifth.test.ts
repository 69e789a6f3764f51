import {loadTogether} from './load-together.ts';

await loadTogether(4);
