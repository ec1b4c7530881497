export const HELP = `Counts what is stored by key and protocol, rotates keys, encrypts again, and writes search tags: in containers, tables and poison queues.

  npx nestjs-azure-encrypted-storage maintain census [--retire <key id>] <where>
  npx nestjs-azure-encrypted-storage maintain census [--retire <key id>] --inventory <path>
  npx nestjs-azure-encrypted-storage maintain rewrap --retire <key id> <where> <keys> [--dry-run]
  npx nestjs-azure-encrypted-storage maintain re-encrypt <what> <where> <keys> [--dry-run]
  npx nestjs-azure-encrypted-storage maintain delete-superseded <what> --container <name> <keys> [--dry-run]
  npx nestjs-azure-encrypted-storage maintain reindex --table <name> --config <path> [--dry-run]
  npx nestjs-azure-encrypted-storage maintain status --job <name> <account>
  npx nestjs-azure-encrypted-storage maintain failures --job <name> <account>

Which keys rewrap retires, and a census answers for
  --retire <key id>            a key to retire; repeat the option for more keys
  --retire-all-but <key id>    every key except this one

What else a census counts
  --tags                       rows whose search tags are missing, wrong or of an older search key, which reindex repairs;
                               needs --config

What re-encrypt encrypts again, under a new content key, and which snapshots and old versions delete-superseded deletes, if the
current blob is not selected and opens to the same content
  --retire, --retire-all-but   content under these keys
  --plaintext                  content that is not encrypted
  --foreign                    re-encrypt only: blobs in a foreign format, which the module of --config reads
  --from-protocol <version>    content in this protocol, such as 1.0
  --without-integrity          encrypted content without integrity entries
  --encrypt <table>=<a,b,c>    properties of a table to encrypt; needed for its plaintext rows

How rewrap and re-encrypt write
  --verify wrap | content      rewrap: unwrap what the new key wrapped (default), or also open content with it
  --verify seal | read-back | snapshot
                               re-encrypt: open what was sealed before it is committed (default); also read it back; also keep a
                               snapshot of the old blob until then
  --accept-versions            change blobs although the account keeps their old versions, which need the old key
  --to-block                   re-encrypt append blobs of up to 64 MiB too, as block blobs
  --page-blobs                 re-encrypt page blobs too, which cannot be read meanwhile; first stop programs that write pages

Where
  --container <name>[/prefix]  blobs of a container; --all-containers for all, with --plaintext for all but $web
  --table <name>               rows of a table; --all-tables for all
  --queue <name>               messages of a queue that are in its poison queue, <name>-poison
  --message-ttl <days>         the longest time to live of messages in the queues themselves, which the report waits for, default 7
  --inventory <path>           census only: the inventory that the account wrote, <rule>-manifest.json with its CSV files next to it; needs
                               no account. With --inventory-container <name>, a path in that container of the account
  --inventory-max-age <days>   how old it may be for an answer whether a key may be destroyed, default 8

Account
  --connection-string <text>   default: the environment variable AZURE_STORAGE_CONNECTION_STRING
  --account <name>             sign in with @azure/identity instead; --endpoint-suffix, default core.windows.net

Keys: env is the name of a variable and file a path, both with an AES key in base64; pem is the path of an RSA key
  --new-key <key id>=env:<name> | <key id>=file:<path> | <key id>=pem:<path>     the key that writes
  --old-key <the same>         a key that reads; repeat the option for more keys
  --protocol <version>         protocol that re-encrypt writes, default 2.1; not with --config
  --config <path>              a module that exports "policy", with any keys, "entities", classes by table, and "foreign", which reads a
                               foreign format

How
  --dry-run                    do everything except the writes
  --job <name>                 name of the job, by which it resumes; default: derived from task and sources
  --state-container <name>     where its state is kept, default azcse-maintenance; --no-state keeps none
  --concurrency <n>            objects at once, default 16
  --requests-per-second <n>    default 500
  --key-calls-per-second <n>   for keys outside this process, such as those in a vault, default 100
  --pages-per-shard <n>        split the work for several processes: start the same command in each
  --claim-seconds <n>          seconds after which another process takes over from one that died, default 30
  --page-size <n>              number of blobs between two saves of the state, default 1000
  --patience <seconds>         how long to wait for a key or service that is down, default 600
  --html <path>                also write the report as an HTML page with a chart
  --json                       print the report as JSON, and each event before it as a line of JSON on standard error
  --help

Exit codes: 0 nothing is left to do; 1 something is left, or needs attention; 2 wrong usage; 3 refused or not reached.
`;
