/**
 * The data sets known by name: their download addresses and the checksums of their files.
 *
 * Sources of the checksums: the contents of MNIST were hashed from the vendored files and agree with published values.
 * The archives' checksums are those of ankane/torchvision-ruby, which agree with several other projects' lists. The
 * sizes also limit what is downloaded.
 */

/** The four files of a set in IDX format, by their canonical names; `.gz` is added when compressed. */
export const idxNames = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;
export type IdxName = (typeof idxNames)[number];

export const knownSetNames = ['mnist', 'fashion-mnist', 'kmnist'] as const;
export type KnownSetName = (typeof knownSetNames)[number];

export interface KnownFile {
  /** Of the published `.gz`. */
  readonly archiveSizeBytes: number;
  readonly archiveSha256: string;
  /** Of the same content compressed better: the file beside this program. */
  readonly vendored?: { readonly sizeBytes: number; readonly sha256: string };
  /** Of the uncompressed content; null if it is not published. */
  readonly contentSha256: string | null;
}

export interface KnownSet {
  /** Base addresses, each with its final slash, in the order of trying. */
  readonly mirrors: readonly string[];
  readonly files: Readonly<Record<IdxName, KnownFile>>;
}

/** Digits, clothes and kuzushiji all have ten classes. */
export const knownSetClasses = 10;

/** An archive whose content is known: its size, its SHA-256, and that of its content. */
export interface KnownArchive {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly contentSha256: string;
}

/** Those with a published checksum of the content. */
export const knownArchives = (): KnownArchive[] =>
  Object.values(knownSets)
    .flatMap(({ files }) => Object.values(files))
    .flatMap(({ archiveSizeBytes, archiveSha256, contentSha256, vendored }) =>
      contentSha256 === null
        ? []
        : [{ sizeBytes: archiveSizeBytes, sha256: archiveSha256 }, ...(vendored ? [vendored] : [])].map(
            (archive) => ({ ...archive, contentSha256 }),
          ),
    );

export const knownSets: Readonly<Record<KnownSetName, KnownSet>> = {
  mnist: {
    mirrors: [
      'https://ossci-datasets.s3.amazonaws.com/mnist/',
      'https://storage.googleapis.com/cvdf-datasets/mnist/',
    ],
    files: {
      'train-images-idx3-ubyte': {
        archiveSizeBytes: 9_912_422,
        archiveSha256: '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
        contentSha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
        vendored: {
          sizeBytes: 9_719_438,
          sha256: '0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971',
        },
      },
      'train-labels-idx1-ubyte': {
        archiveSizeBytes: 28_881,
        archiveSha256: '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
        contentSha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
        vendored: {
          sizeBytes: 28_857,
          sha256: '1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203',
        },
      },
      't10k-images-idx3-ubyte': {
        archiveSizeBytes: 1_648_877,
        archiveSha256: '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
        contentSha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
        vendored: {
          sizeBytes: 1_616_508,
          sha256: '1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be',
        },
      },
      't10k-labels-idx1-ubyte': {
        archiveSizeBytes: 4_542,
        archiveSha256: 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
        contentSha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
        vendored: {
          sizeBytes: 4517,
          sha256: 'b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b',
        },
      },
    },
  },
  'fashion-mnist': {
    mirrors: [
      // The publisher's bucket has no TLS address; the pinned checksum protects against changed files.
      'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
      'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
    ],
    files: {
      'train-images-idx3-ubyte': {
        archiveSizeBytes: 26_421_880,
        archiveSha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
        contentSha256: null,
      },
      'train-labels-idx1-ubyte': {
        archiveSizeBytes: 29_515,
        archiveSha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
        contentSha256: null,
      },
      't10k-images-idx3-ubyte': {
        archiveSizeBytes: 4_422_102,
        archiveSha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
        contentSha256: null,
      },
      't10k-labels-idx1-ubyte': {
        archiveSizeBytes: 5_148,
        archiveSha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
        contentSha256: null,
      },
    },
  },
  kmnist: {
    mirrors: [
      'https://codh.rois.ac.jp/kmnist/dataset/kmnist/',
      // The same host without TLS, the address in most lists: helps if its certificate is refused.
      'http://codh.rois.ac.jp/kmnist/dataset/kmnist/',
    ],
    files: {
      'train-images-idx3-ubyte': {
        archiveSizeBytes: 18_165_135,
        archiveSha256: '51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4',
        contentSha256: null,
      },
      'train-labels-idx1-ubyte': {
        archiveSizeBytes: 29_497,
        archiveSha256: 'e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17',
        contentSha256: null,
      },
      't10k-images-idx3-ubyte': {
        archiveSizeBytes: 3_041_136,
        archiveSha256: 'edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5',
        contentSha256: null,
      },
      't10k-labels-idx1-ubyte': {
        archiveSizeBytes: 5_120,
        archiveSha256: '20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c',
        contentSha256: null,
      },
    },
  },
};

export const isKnownSet = (set: string): set is KnownSetName => knownSetNames.some((name) => name === set);
