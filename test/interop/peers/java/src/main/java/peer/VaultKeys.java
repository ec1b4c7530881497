package peer;

import com.azure.core.credential.AccessToken;
import com.azure.core.cryptography.AsyncKeyEncryptionKeyResolver;
import com.azure.core.http.HttpClient;
import com.azure.core.http.ProxyOptions;
import com.azure.core.http.netty.NettyAsyncHttpClientBuilder;
import com.azure.security.keyvault.keys.cryptography.KeyEncryptionKeyClientBuilder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.File;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.OffsetDateTime;
import javax.net.ssl.SSLException;
import reactor.core.publisher.Mono;

/** Keys in a vault, by azure-security-keyvault-keys. */
final class VaultKeys {
    private VaultKeys() {}

    /** All keys of the vault that the key of the request is in. */
    static AsyncKeyEncryptionKeyResolver of(Request key) {
        return new KeyEncryptionKeyClientBuilder()
                // a vault of the tests takes every token
                .credential(context -> Mono.just(new AccessToken("token", OffsetDateTime.now().plusHours(1))))
                .httpClient(clientOf(key.object("vault")));
    }

    private static HttpClient clientOf(Request vault) {
        URI proxy = URI.create(vault.text("proxy"));
        SslContext trust = trusting(new File(vault.text("certificate")));
        return new NettyAsyncHttpClientBuilder(
                        reactor.netty.http.client.HttpClient.create().secure(secure -> secure.sslContext(trust)))
                .proxy(new ProxyOptions(
                        ProxyOptions.Type.HTTP, new InetSocketAddress(proxy.getHost(), proxy.getPort())))
                .build();
    }

    private static SslContext trusting(File certificate) {
        try {
            return SslContextBuilder.forClient().trustManager(certificate).build();
        } catch (SSLException error) {
            throw new IllegalStateException(error);
        }
    }
}
