import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Prints what Java's two HTTP clients say of a request, a line for each request on the standard input:
 *
 * <pre>url TAB 1.2 or 1.3 TAB file of the CA (PEM), or nothing TAB file of the client (PKCS#12), or nothing</pre>
 *
 * It is run without being compiled: java Messages.java
 */
public class Messages {
    private static final char[] PASSWORD = "mockpsc".toCharArray();

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] request = line.split("\t", -1);
            String version = "TLSv" + request[1];
            System.out.println(
                    told(() -> byHttpClient(request[0], context(version, request[2], request[3])))
                            + "\t"
                            + told(() -> byHttpsUrlConnection(request[0], context(version, request[2], request[3]))));
        }
    }

    private interface Attempt {
        String make() throws Exception;
    }

    private static String told(Attempt attempt) {
        try {
            return oneLine(attempt.make());
        } catch (Exception error) {
            List<String> causes = new ArrayList<>();
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                causes.add(cause.toString());
            }
            return oneLine(String.join(" <- ", causes));
        }
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }

    private static String byHttpClient(String url, SSLContext context) throws Exception {
        HttpClient client = HttpClient.newBuilder().sslContext(context).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        return response.statusCode() + " " + response.body();
    }

    private static String byHttpsUrlConnection(String url, SSLContext context) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
        if (connection instanceof HttpsURLConnection) {
            ((HttpsURLConnection) connection).setSSLSocketFactory(context.getSocketFactory());
        }
        int status = connection.getResponseCode();
        try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return status + " " + new String(body.readAllBytes());
        }
    }

    private static SSLContext context(String version, String ca, String client) throws Exception {
        SSLContext context = SSLContext.getInstance(version);
        context.init(keys(client), trust(ca), null);
        return context;
    }

    private static javax.net.ssl.TrustManager[] trust(String ca) throws GeneralSecurityException, IOException {
        if (ca.isEmpty()) {
            return null;
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream file = new FileInputStream(ca)) {
            store.setCertificateEntry("mockpsc", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static javax.net.ssl.KeyManager[] keys(String client) throws GeneralSecurityException, IOException {
        if (client.isEmpty()) {
            return null;
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(client)) {
            store.load(file, PASSWORD);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, PASSWORD);
        return factory.getKeyManagers();
    }
}
