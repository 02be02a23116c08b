import com.google.auth.oauth2.ServiceAccountCredentials;
import com.google.cloud.NoCredentials;
import com.google.cloud.ReadChannel;
import com.google.cloud.WriteChannel;
import com.google.cloud.storage.BlobId;
import com.google.cloud.storage.BlobInfo;
import com.google.cloud.storage.BlobInfo.Retention;
import com.google.cloud.storage.BucketInfo;
import com.google.cloud.storage.ServiceAccount;
import com.google.cloud.storage.Storage;
import com.google.cloud.storage.StorageOptions;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;

/** Does with Java's client of Cloud Storage what tests/clients/speaking.py asks, line by line. */
public final class Client {
  private final String host;
  private final Storage storage;

  private Client(String host) {
    this.host = host;
    this.storage =
        StorageOptions.newBuilder()
            .setHost(host)
            .setProjectId("unused")
            .setCredentials(NoCredentials.getInstance())
            .build()
            .getService();
  }

  public static void main(String[] args) throws Exception {
    Client client = new Client(args[0]);
    Gson json = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Map<String, Object> answer = new HashMap<>();
      try {
        answer.put("value", client.run(json.fromJson(line, String[].class)));
      } catch (Exception error) {
        answer.put("error", String.valueOf(error.getMessage()));
      }
      System.out.println(json.toJson(answer));
    }
  }

  private Object run(String[] words) throws Exception {
    return switch (words[0]) {
      case "notifications" -> storage.listNotifications(words[1]).size();
      case "hmac" -> count(storage.listHmacKeys(Storage.ListHmacKeysOption.projectId(words[1])).iterateAll());
      case "make-hmac" ->
          storage.createHmacKey(
              ServiceAccount.of("nobody@example.com"), Storage.CreateHmacKeyOption.projectId(words[1]));
      case "make-bucket" ->
          storage.create(BucketInfo.of(words[2]), Storage.BucketTargetOption.enableObjectRetention(true)).getName();
      case "list" -> names(words[1], words[2]);
      default -> onObject(words[0], BlobId.of(words[1], words[2]), words);
    };
  }

  private Object onObject(String command, BlobId id, String[] words) throws Exception {
    switch (command) {
      case "write" -> write(id, Path.of(words[3]), Integer.parseInt(words[4]));
      case "compose" ->
          storage.compose(
              Storage.ComposeRequest.newBuilder()
                  .addSource(List.of(words).subList(3, words.length))
                  .setTarget(BlobInfo.newBuilder(id).build())
                  .build());
      case "hold" -> storage.update(BlobInfo.newBuilder(id).setTemporaryHold(words[3].equals("on")).build());
      case "retain" -> storage.update(BlobInfo.newBuilder(id).setRetention(retention(words[3])).build());
      case "delete" -> storage.delete(id);
      default -> {
        return asked(command, id, words);
      }
    }
    return null;
  }

  private Object asked(String command, BlobId id, String[] words) throws Exception {
    return switch (command) {
      case "read" -> read(id, Long.parseLong(words[3]), Long.parseLong(words[4]));
      case "read-if" -> read(id, 0, -1, Storage.BlobSourceOption.generationMatch(Long.parseLong(words[3])));
      case "read-with-key" ->
          read(id, 0, -1, Storage.BlobSourceOption.decryptionKey(Base64.getEncoder().encodeToString(new byte[32])));
      case "sign" -> signed(id, words);
      default -> throw new IllegalArgumentException("unknown command " + command);
    };
  }

  private static Retention retention(String mode) {
    return Retention.newBuilder()
        .setMode(Retention.Mode.valueOf(mode))
        .setRetainUntilTime(OffsetDateTime.now().plusHours(1))
        .build();
  }

  private void write(BlobId id, Path file, int chunk) throws Exception {
    try (WriteChannel target = storage.writer(BlobInfo.newBuilder(id).build())) {
      target.setChunkSize(chunk);
      ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file));
      while (content.hasRemaining()) {
        target.write(content);
      }
    }
  }

  private String read(BlobId id, long offset, long length, Storage.BlobSourceOption... options) throws Exception {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    try (ReadChannel source = storage.reader(id, options)) {
      source.seek(offset);
      if (length >= 0) {
        source.limit(offset + length);
      }
      Channels.newInputStream(source).transferTo(content);
    }
    return Base64.getEncoder().encodeToString(content.toByteArray());
  }

  private String signed(BlobId id, String[] words) throws Exception {
    Storage.SignUrlOption version =
        words[3].equals("V4") ? Storage.SignUrlOption.withV4Signature() : Storage.SignUrlOption.withV2Signature();
    return storage
        .signUrl(
            BlobInfo.newBuilder(id).build(),
            Long.parseLong(words[4]),
            TimeUnit.SECONDS,
            version,
            Storage.SignUrlOption.withHostName(host),
            Storage.SignUrlOption.signWith(signer(Path.of(words[5]))))
        .toString();
  }

  private static ServiceAccountCredentials signer(Path file) throws Exception {
    String encoded = Files.readString(file).replaceAll("-----[A-Z ]+-----|\\s", "");
    PKCS8EncodedKeySpec key = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(encoded));
    return ServiceAccountCredentials.newBuilder()
        .setClientEmail("signer@example.com")
        .setPrivateKey(KeyFactory.getInstance("RSA").generatePrivate(key))
        .build();
  }

  private List<String> names(String bucket, String glob) {
    List<String> found = new ArrayList<>();
    storage.list(bucket, Storage.BlobListOption.matchGlob(glob)).iterateAll().forEach(blob -> found.add(blob.getName()));
    return found;
  }

  private static long count(Iterable<?> items) {
    return StreamSupport.stream(items.spliterator(), false).count();
  }
}
