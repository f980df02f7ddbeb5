import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormAnswerDataParser;
import org.javarosa.xform.util.XFormAnswerDataSerializer;
import org.javarosa.xform.util.XFormUtils;

/** Plays answer scripts through JavaRosa as ODK Collect would, and writes the state of every node. */
public class JavaRosaPlayer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final XFormAnswerDataSerializer SERIALIZER = new XFormAnswerDataSerializer();

    private final FormDef form;
    private final FormEntryController controller;
    private Map<String, FormIndex> indexes;
    private Map<String, FormIndex> newRepeats;
    private Map<String, FormEntryPrompt> prompts;
    private Map<String, String> labels;

    private JavaRosaPlayer(String xml) throws Exception {
        byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
        form = XFormUtils.getFormFromInputStream(new ByteArrayInputStream(bytes));
        form.initialize(true, new InstanceInitializationFactory());
        controller = new FormEntryController(new FormEntryModel(form));
        settle();
    }

    public static void main(String[] arguments) throws Exception {
        new XFormsModule().registerModule();
        ArrayNode answers = JSON.createArrayNode();
        for (JsonNode job : JSON.readTree(new File(arguments[0]))) {
            ObjectNode answer = answers.addObject();
            try {
                JavaRosaPlayer player = new JavaRosaPlayer(job.get("xml").asText());
                ArrayNode performed = answer.putArray("ops");
                for (JsonNode operation : job.get("ops")) {
                    try {
                        player.perform(operation);
                        performed.add(operation);
                    } catch (NotNow reason) {
                        if (job.get("exact").asBoolean()) {
                            throw reason;
                        }
                    }
                }
                answer.set("nodes", player.snapshot());
            } catch (Throwable refusal) {
                answer.put("error", refusal.getClass().getSimpleName() + ": " + refusal.getMessage());
            }
        }
        JSON.writeValue(new File(arguments[1]), answers);
    }

    /** What the script asks cannot be done at this moment: no such page, no such choice. */
    private static class NotNow extends RuntimeException {
        NotNow(String message) {
            super(message);
        }
    }

    private void perform(JsonNode operation) {
        String verb = operation.get(0).asText();
        String path = operation.get(1).asText();
        switch (verb) {
            case "set":
                controller.saveAnswer(there(indexes, path), answer(path, operation.get(2).asText()), true);
                break;
            case "add":
                controller.newRepeat(there(newRepeats, path));
                break;
            case "remove":
                controller.deleteRepeat(there(indexes, path));
                break;
            case "language":
                controller.setLanguage(path);
                break;
            default:
                throw new IllegalArgumentException(verb);
        }
        settle();
    }

    private static FormIndex there(Map<String, FormIndex> known, String path) {
        if (!known.containsKey(path)) {
            throw new NotNow("not on a page now: " + path);
        }
        return known.get(path);
    }

    private IAnswerData answer(String path, String text) {
        FormEntryPrompt prompt = prompts.get(path);
        if (prompt == null || prompt.isReadOnly()) {
            throw new NotNow("not a question now: " + path);
        }
        if (text.isEmpty()) {
            return null;
        }
        List<SelectChoice> choices = choices(prompt);
        if (choices == null) {
            return XFormAnswerDataParser.getAnswerData(text, prompt.getDataType(), prompt.getQuestion());
        }
        List<Selection> selections = new ArrayList<>();
        for (String value : text.split(" ")) {
            SelectChoice offered = choices.stream().filter(choice -> choice.getValue().equals(value)).findFirst()
                    .orElseThrow(() -> new NotNow("not offered now: " + value + " at " + path));
            selections.add(offered.selection());
        }
        int type = prompt.getControlType();
        if (type == org.javarosa.core.model.Constants.CONTROL_SELECT_ONE) {
            return new SelectOneData(selections.get(0));
        }
        if (type == org.javarosa.core.model.Constants.CONTROL_RANK) {
            return new MultipleItemsData(selections);
        }
        return new SelectMultiData(selections);
    }

    private static List<SelectChoice> choices(FormEntryPrompt prompt) {
        switch (prompt.getControlType()) {
            case org.javarosa.core.model.Constants.CONTROL_SELECT_ONE:
            case org.javarosa.core.model.Constants.CONTROL_SELECT_MULTI:
            case org.javarosa.core.model.Constants.CONTROL_RANK:
                List<SelectChoice> choices = prompt.getSelectChoices();
                return choices == null ? new ArrayList<>() : choices;
            default:
                return null;
        }
    }

    /** Turns every page once and again until nothing moves: counted repeats appear, stale choices fall. */
    private void settle() {
        String before = null;
        for (int pass = 0; pass < 8; pass++) {
            turnPages();
            String now = snapshot().toString();
            if (now.equals(before)) {
                return;
            }
            before = now;
        }
        throw new IllegalStateException("does not settle");
    }

    private void turnPages() {
        indexes = new HashMap<>();
        newRepeats = new HashMap<>();
        prompts = new HashMap<>();
        labels = new HashMap<>();
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        int event = controller.stepToNextEvent();
        for (int step = 0; event != FormEntryController.EVENT_END_OF_FORM; step++) {
            if (step > 20000) {
                throw new IllegalStateException("does not end");
            }
            FormIndex index = controller.getModel().getFormIndex();
            TreeReference reference = index.getReference();
            if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                String path = path(reference);
                newRepeats.put(path.substring(0, path.lastIndexOf('[')), index);
            } else {
                String path = path(reference);
                indexes.put(path, index);
                if (event == FormEntryController.EVENT_QUESTION) {
                    FormEntryPrompt prompt = controller.getModel().getQuestionPrompt();
                    prompts.put(path, prompt);
                    choices(prompt);
                    labels.put(path, prompt.getQuestionText());
                } else if (event == FormEntryController.EVENT_GROUP) {
                    labels.put(path, controller.getModel().getCaptionPrompt().getLongText());
                }
            }
            event = controller.stepToNextEvent();
        }
    }

    /** The path of a reference; a repeat carries its position, a group does not. */
    private String path(TreeReference reference) {
        StringBuilder path = new StringBuilder();
        for (int level = 0; level < reference.size(); level++) {
            path.append('/').append(reference.getName(level));
            TreeElement template = form.getMainInstance().getTemplatePath(reference.getSubReference(level));
            if (template != null && template.isRepeatable()) {
                path.append('[').append(Math.max(0, reference.getMultiplicity(level)) + 1).append(']');
            }
        }
        return path.toString();
    }

    private ObjectNode snapshot() {
        ObjectNode nodes = JSON.createObjectNode();
        TreeElement root = form.getMainInstance().getRoot();
        for (int i = 0; i < root.getNumChildren(); i++) {
            describe(root.getChildAt(i), "/" + root.getName(), nodes);
        }
        return nodes;
    }

    private void describe(TreeElement element, String parent, ObjectNode nodes) {
        if (element.getMult() == TreeReference.INDEX_TEMPLATE || element.getName().equals("meta")) {
            return;
        }
        String path = parent + "/" + element.getName();
        if (element.isRepeatable()) {
            path += "[" + (element.getMult() + 1) + "]";
        }
        ObjectNode state = nodes.putObject(path);
        if (!element.isRelevant()) {
            state.put("r", false);
        } else if (!element.hasChildren()) {
            leaf(element, path, state);
        }
        if (labels.get(path) != null && element.isRelevant()) {
            state.put("l", labels.get(path));
        }
        for (int i = 0; i < element.getNumChildren(); i++) {
            describe(element.getChildAt(i), path, nodes);
        }
    }

    private void leaf(TreeElement element, String path, ObjectNode state) {
        IAnswerData value = element.getValue();
        if (value != null) {
            state.put("v", String.valueOf(SERIALIZER.serializeAnswerData(value, element.getDataType())));
            if (!form.evaluateConstraint(element.getRef(), value)) {
                state.put("c", false);
            }
        }
        FormEntryPrompt prompt = prompts.get(path);
        if (prompt == null) {
            return;
        }
        if (prompt.isRequired()) {
            state.put("q", true);
        }
        if (prompt.isReadOnly()) {
            state.put("o", true);
        }
        List<SelectChoice> choices = choices(prompt);
        if (choices != null) {
            ArrayNode offered = state.putArray("ch");
            choices.forEach(choice -> offered.add(choice.getValue()));
        }
    }
}
