import { getMetadataStorage } from 'class-validator';
import { FieldType } from './field-type.js';

/** The fields of a class and of those it extends, by name, from class-validator's metadata. */
export function fieldsOf(type: new () => object): Map<string, FieldType> {
  const fields = new Map<string, FieldType>();
  for (const { propertyName, constraints } of metadataOf(type)) {
    const own = constraints?.[0] as unknown;
    if (own instanceof FieldType) fields.set(propertyName, own);
  }
  return fields;
}

/** Whether class-validator's own decorators stand on the class too, so that it must be asked as well. */
export function hasOtherConstraints(type: new () => object): boolean {
  return metadataOf(type).some(({ constraints }) => !(constraints?.[0] instanceof FieldType));
}

function metadataOf(type: new () => object) {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
}
