/** Where `@PartitionKey()` and `@RowKey()` must and must not compile, and which entities can be written. Never run. */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  Filterable,
  PartitionKey,
  RowKey,
} from 'nestjs-azure-encrypted-storage';

@EncryptedEntity({ table: 'renamed' })
export class Renamed {
  [Filterable]?: 'ward' | 'number';
  @PartitionKey() ward!: 'north' | 'south';
  @RowKey() number!: string;
  @Encrypt() name!: string;
}

export class Same {
  @PartitionKey() partitionKey!: string;
  @RowKey() rowKey!: string;
}

export class OneOnly {
  @PartitionKey() ward!: string;
  rowKey!: string;
}

export class Refused {
  // @ts-expect-error keys are strings
  @PartitionKey() beds!: number;
  // @ts-expect-error a key is always present
  @PartitionKey() ward?: string;
  // @ts-expect-error the service sets it
  @RowKey() timestamp!: string;
}

export class Both {
  // @ts-expect-error the class has a property "partitionKey" too
  @PartitionKey() ward!: string;
  partitionKey!: string;
  // @ts-expect-error the name of the other key
  @PartitionKey() rowKey!: string;
}

export async function written(renamed: EncryptedTableClient<Renamed>, one: EncryptedTableClient<OneOnly>) {
  await renamed.createEntity({ ward: 'north', number: '1', name: 'A' });
  await renamed.updateEntity({ ward: 'north', number: '1' }, 'Merge');
  await renamed.submitTransaction([['delete', { ward: 'north', number: '1' }]]);
  await renamed.submitTransaction([['delete', { partitionKey: 'north', rowKey: '1' }]]);
  renamed.where('ward', 'eq', 'south').and('number', 'startsWith', '1').and('partitionKey', 'eq', 'south');
  // @ts-expect-error a ward that does not exist
  await renamed.createEntity({ ward: 'west', number: '1', name: 'A' });
  // @ts-expect-error the number is missing
  await renamed.createEntity({ ward: 'north', name: 'A' });
  // @ts-expect-error the class has a row key of the SDK's name
  await one.updateEntity({ ward: 'north' }, 'Merge');
  // @ts-expect-error a delete needs the row key
  await one.submitTransaction([['delete', { partitionKey: 'north' }]]);
}

export async function classWithKeys(same: EncryptedTableClient<Same>) {
  // @ts-expect-error no row key
  await same.updateEntity({ partitionKey: 'north' }, 'Merge');
  // @ts-expect-error keys under the SDK's names
  await same.submitTransaction([['delete', {}]]);
}
