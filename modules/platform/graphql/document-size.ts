import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

/** How large the operations of a document are when every fragment stands where it is used. */
export interface DocumentSize {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
}

const NOTHING: DocumentSize = { depth: 0, aliases: 0, fields: 0 };

/**
 * Measures a document in one pass over its text: each fragment is measured once, however often it is used, since fragments in
 * fragments make an operation grow exponentially. What is asked of the schema itself does not count: graphql-js limits that.
 */
export function sizeOf(document: DocumentNode): DocumentSize {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, DocumentSize>();

  const ofFragment = (name: string): DocumentSize => {
    let size = known.get(name);
    if (!size) {
      // A fragment that holds itself is refused by validation, which comes after this.
      known.set(name, NOTHING);
      const fragment = fragments.get(name);
      known.set(name, (size = fragment ? of(fragment.selectionSet) : NOTHING));
    }
    return size;
  };

  const of = (set: SelectionSetNode): DocumentSize => {
    let { depth, aliases, fields } = NOTHING;
    for (const selection of set.selections) {
      let inner = NOTHING;
      if (selection.kind === Kind.FRAGMENT_SPREAD) inner = ofFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) inner = of(selection.selectionSet);
      else if (!selection.name.value.startsWith('__')) {
        const below = selection.selectionSet ? of(selection.selectionSet) : NOTHING;
        const own = selection.alias ? 1 : 0;
        inner = { depth: below.depth + 1, aliases: below.aliases + own, fields: below.fields + 1 };
      }
      depth = Math.max(depth, inner.depth);
      aliases += inner.aliases;
      fields += inner.fields;
    }
    return { depth, aliases, fields };
  };

  return document.definitions.reduce((all, node) => {
    if (node.kind !== Kind.OPERATION_DEFINITION) return all;
    const { depth, aliases, fields } = of(node.selectionSet);
    return {
      depth: Math.max(all.depth, depth),
      aliases: Math.max(all.aliases, aliases),
      fields: Math.max(all.fields, fields),
    };
  }, NOTHING);
}
