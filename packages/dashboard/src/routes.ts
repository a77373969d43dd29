import { cordonNode, restartObject, scaleObject, suspendObject, triggerCronJob } from "./actions/change-object.ts";
import { changeStream } from "./live-changes.ts";
import type { ActionHandler, PageContext, PageHandler, PageReply } from "./page-request.ts";
import { applyManifests, createPage } from "./pages/create.ts";
import { deleteObject, deletePage } from "./pages/delete.ts";
import { editPage, saveEdited } from "./pages/edit.ts";
import { listPage } from "./pages/list.ts";
import { logsPage, logStream } from "./pages/logs.ts";
import { objectPage } from "./pages/object.ts";
import { overviewPage } from "./pages/overview.ts";
import { ownedPage } from "./pages/owned.ts";

/** What can be looked at, by the name in the address. */
export const PAGES: ReadonlyMap<string, PageHandler> = new Map(
  Object.entries({
    "": overviewPage,
    list: listPage,
    object: objectPage,
    owned: ownedPage,
    logs: logsPage,
    edit: editPage,
    create: createPage,
    delete: deletePage,
  }),
);

/** What can be done, by the address that forms are sent to. */
export const ACTIONS: ReadonlyMap<string, ActionHandler> = new Map(
  Object.entries({
    scale: scaleObject,
    restart: restartObject,
    cordon: cordonNode,
    suspend: suspendObject,
    trigger: triggerCronJob,
    edit: saveEdited,
    create: applyManifests,
    delete: deleteObject,
  }),
);

/** Answers that are no pages. */
export const STREAMS: ReadonlyMap<string, (context: PageContext) => Promise<PageReply>> = new Map(
  Object.entries({
    log: logStream,
    changes: changeStream,
  }),
);
