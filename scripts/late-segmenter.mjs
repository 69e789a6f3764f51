/**
 * `Intl.Segmenter` for bundles. The first one of a process takes 10 ms, so the modules that create one as they load must not.
 */
export class LateSegmenter {
	#options;
	#segmenter;

	constructor(...options) {
		this.#options = options;
	}

	segment(text) {
		const {Segmenter} = Intl;
		this.#segmenter ??= new Segmenter(...this.#options);
		return this.#segmenter.segment(text);
	}
}
