import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's own tools and producer behind one pipe, so that a test pays for one JVM only.
 *
 * A request is a line: a command and its words. A word is "+" and base64, or "-" for null. The answer is one line:
 * "ok" or "error" and words. It ends with its standard input.
 *
 *   run CLASS ARG...               the tool's main; answers what it printed
 *   open NAME PROPERTY VALUE ...   a producer, transactional when transactional.id is among its properties
 *   send NAME TOPIC RECORDS...     a record is: partition key value number-of-headers (name value)...;
 *                                  answers partition and offset of each, once all are acknowledged
 *   begin|commit|abort|close NAME
 */
public final class KafkaTools {
    /** Thrown instead of ending the JVM. Tools catch it and print it, so what counts is the first call of `exit`. */
    private static final class Exited extends RuntimeException {}

    private Integer exitStatus;
    private String printedUntilExit;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();

    public static void main(String[] args) throws Exception {
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.US_ASCII);
        // Whatever else prints must not mix with the answers.
        System.setOut(System.err);
        KafkaTools tools = new KafkaTools();
        Exit.setExitProcedure(tools::exit);
        Exit.setHaltProcedure(tools::exit);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            answers.println(tools.answer(line.split(" ")));
        }
        // An open transaction stays open, as after a crash.
        Runtime.getRuntime().halt(0);
    }

    private String answer(String[] line) {
        byte[][] words = new byte[line.length - 1][];
        for (int i = 0; i < words.length; i++) words[i] = decode(line[i + 1]);
        try {
            StringBuilder answer = new StringBuilder("ok");
            for (String word : perform(line[0], words)) answer.append(' ').append(encode(word));
            return answer.toString();
        } catch (Throwable failure) {
            return "error " + encode(String.valueOf(failure.getMessage() == null ? failure : failure.getMessage()));
        }
    }

    private List<String> perform(String command, byte[][] words) throws Exception {
        String name = text(words[0]);
        switch (command) {
            case "run":
                return List.of(run(name, Arrays.stream(words).skip(1).map(KafkaTools::text).toArray(String[]::new)));
            case "open":
                open(name, words);
                return List.of();
            case "send":
                return send(producers.get(name), words);
            case "begin":
                producers.get(name).beginTransaction();
                return List.of();
            case "commit":
                producers.get(name).commitTransaction();
                return List.of();
            case "abort":
                producers.get(name).abortTransaction();
                return List.of();
            case "close":
                producers.remove(name).close();
                return List.of();
            default:
                throw new IllegalArgumentException("unknown command " + command);
        }
    }

    private String run(String className, String[] args) throws Exception {
        printed.reset();
        exitStatus = null;
        PrintStream out = System.out;
        PrintStream err = System.err;
        PrintStream capture = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(capture);
        System.setErr(capture);
        try {
            Class.forName(className).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Exited)) throw (Exception) thrown.getCause();
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        if (exitStatus == null) return printed.toString(StandardCharsets.UTF_8);
        if (exitStatus != 0) throw new IllegalStateException(printedUntilExit);
        return printedUntilExit;
    }

    private void exit(int status, String message) {
        if (exitStatus == null) {
            exitStatus = status;
            printedUntilExit = printed.toString(StandardCharsets.UTF_8);
        }
        throw new Exited();
    }

    private void open(String name, byte[][] words) {
        Properties properties = new Properties();
        for (int i = 1; i < words.length; i += 2) properties.put(text(words[i]), text(words[i + 1]));
        KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        producers.put(name, producer);
        if (properties.containsKey("transactional.id")) producer.initTransactions();
    }

    private static List<String> send(KafkaProducer<byte[], byte[]> producer, byte[][] words) throws Exception {
        String topic = text(words[1]);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int at = 2; at < words.length; ) {
            Integer partition = words[at] == null ? null : Integer.valueOf(text(words[at]));
            ProducerRecord<byte[], byte[]> record =
                    new ProducerRecord<>(topic, partition, words[at + 1], words[at + 2]);
            int headers = Integer.parseInt(text(words[at + 3]));
            at += 4;
            for (int i = 0; i < headers; i++, at += 2) record.headers().add(text(words[at]), words[at + 1]);
            sent.add(producer.send(record));
        }
        producer.flush();
        List<String> coordinates = new ArrayList<>();
        for (Future<RecordMetadata> one : sent) {
            try {
                coordinates.add(String.valueOf(one.get().partition()));
                coordinates.add(String.valueOf(one.get().offset()));
            } catch (ExecutionException failed) {
                throw (Exception) failed.getCause();
            }
        }
        return coordinates;
    }

    private static String text(byte[] word) {
        return new String(word, StandardCharsets.UTF_8);
    }

    private static byte[] decode(String word) {
        return word.equals("-") ? null : Base64.getDecoder().decode(word.substring(1));
    }

    private static String encode(String word) {
        return "+" + Base64.getEncoder().encodeToString(word.getBytes(StandardCharsets.UTF_8));
    }
}
