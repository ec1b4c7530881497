package peer;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.microsoft.azure.keyvault.core.IKey;
import com.microsoft.azure.keyvault.core.IKeyResolver;
import java.security.GeneralSecurityException;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.commons.lang3.tuple.Triple;

/** A key as the legacy SDK asks for it. */
final class LegacyKey implements IKey {
    private final Key key;

    private LegacyKey(Key key) {
        this.key = key;
    }

    /** `null` where the request has a resolver in its place. */
    static IKey keyOf(Request request) {
        return request.flag("resolve", false) ? null : new LegacyKey(new Key(request.object("key")));
    }

    static IKeyResolver resolverOf(Request request) {
        if (!request.flag("resolve", false)) {
            return null;
        }
        Key key = new Key(request.object("key"));
        return id -> Futures.immediateFuture(id.equals(key.id) ? new LegacyKey(key) : null);
    }

    @Override
    public String getKid() {
        return key.id;
    }

    @Override
    public String getDefaultKeyWrapAlgorithm() {
        return key.algorithm;
    }

    @Override
    public ListenableFuture<Pair<byte[], String>> wrapKeyAsync(byte[] contentKey, String algorithm) {
        try {
            return Futures.immediateFuture(Pair.of(key.wrap(contentKey), key.algorithm));
        } catch (GeneralSecurityException error) {
            return Futures.immediateFailedFuture(error);
        }
    }

    @Override
    public ListenableFuture<byte[]> unwrapKeyAsync(byte[] wrapped, String algorithm) {
        try {
            return Futures.immediateFuture(key.unwrap(wrapped, algorithm));
        } catch (GeneralSecurityException error) {
            return Futures.immediateFailedFuture(error);
        }
    }

    @Override
    public String getDefaultEncryptionAlgorithm() {
        return null;
    }

    @Override
    public String getDefaultSignatureAlgorithm() {
        return null;
    }

    @Override
    public ListenableFuture<byte[]> decryptAsync(byte[] a, byte[] b, byte[] c, byte[] d, String algorithm) {
        throw new UnsupportedOperationException("only wraps keys");
    }

    @Override
    public ListenableFuture<Triple<byte[], byte[], String>> encryptAsync(byte[] a, byte[] b, byte[] c, String algorithm) {
        throw new UnsupportedOperationException("only wraps keys");
    }

    @Override
    public ListenableFuture<Pair<byte[], String>> signAsync(byte[] digest, String algorithm) {
        throw new UnsupportedOperationException("only wraps keys");
    }

    @Override
    public ListenableFuture<Boolean> verifyAsync(byte[] digest, byte[] signature, String algorithm) {
        throw new UnsupportedOperationException("only wraps keys");
    }

    @Override
    public void close() {}
}
