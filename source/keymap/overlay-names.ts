/** The overlays that come with the program, besides `default`. */
export const overlayNames: readonly string[] = ['vim', 'k9s'];
