package peer;

import java.util.Map;

/** One of the SDKs: does what a request asks and answers with plain maps, lists and values. */
interface Sdk {
    Map<String, Object> run(String action, Request request) throws Exception;
}
