package peer;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/** A key encryption key of the request, by the ciphers of the JDK. */
final class Key {
    final String id;
    final String algorithm;
    private final Request given;

    Key(Request given) {
        this.given = given;
        this.id = given.text("id");
        this.algorithm = given.text("algorithm");
    }

    byte[] wrap(byte[] contentKey) throws GeneralSecurityException {
        if (!given.has("pem")) {
            return aes(Cipher.WRAP_MODE).wrap(new SecretKeySpec(contentKey, "AES"));
        }
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
        RSAPrivateCrtKey pair = privateKey();
        java.security.PublicKey half = KeyFactory.getInstance("RSA")
                .generatePublic(new RSAPublicKeySpec(pair.getModulus(), pair.getPublicExponent()));
        cipher.init(Cipher.ENCRYPT_MODE, half, oaep(algorithm));
        return cipher.doFinal(contentKey);
    }

    byte[] unwrap(byte[] wrapped, String storedAlgorithm) throws GeneralSecurityException {
        if (!given.has("pem")) {
            if (!algorithm.equals(storedAlgorithm)) {
                throw new GeneralSecurityException("this key does not unwrap " + storedAlgorithm);
            }
            return aes(Cipher.UNWRAP_MODE).unwrap(wrapped, "AES", Cipher.SECRET_KEY).getEncoded();
        }
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
        cipher.init(Cipher.DECRYPT_MODE, privateKey(), oaep(storedAlgorithm));
        return cipher.doFinal(wrapped);
    }

    private Cipher aes(int mode) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AESWrap");
        cipher.init(mode, new SecretKeySpec(given.bytes("secret"), "AES"));
        return cipher;
    }

    private RSAPrivateCrtKey privateKey() throws GeneralSecurityException {
        String body = given.text("pem").replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body));
        return (RSAPrivateCrtKey) KeyFactory.getInstance("RSA").generatePrivate(encoded);
    }

    private static OAEPParameterSpec oaep(String algorithm) throws GeneralSecurityException {
        return switch (algorithm) {
            case "RSA", "RSA-OAEP" ->
                new OAEPParameterSpec("SHA-1", "MGF1", MGF1ParameterSpec.SHA1, PSource.PSpecified.DEFAULT);
            case "RSA-OAEP-256" ->
                new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
            default -> throw new GeneralSecurityException("this key does not unwrap " + algorithm);
        };
    }
}
