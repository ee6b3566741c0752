/** The package's version: that of package.json, without reading it. */
export const version = '0.1.0';
