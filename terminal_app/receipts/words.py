"""The words of receipts and reports in each language. A receipt is for the payer: it is kept short."""

from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from terminal_app.screen_model import Language


@unique
class Word(Enum):
    """What a receipt or report has to say."""

    PAID = "paid"
    ACCEPTED_OFFLINE = "accepted_offline"
    NOT_PAID = "not_paid"
    UNKNOWN = "unknown"
    REFUND = "refund"
    REFUND_OPEN = "refund_open"
    REFUND_REFUSED = "refund_refused"
    TRAINING = "training"
    AMOUNT = "amount"
    TIP = "tip"
    TOTAL = "total"
    REFERENCE = "reference"
    TILL = "till"
    CASHIER = "cashier"
    REASON = "reason"
    COPY = "copy"
    REPORT_X = "report_x"
    REPORT_Z = "report_z"
    SINCE = "since"
    PAID_ONLINE = "paid_online"
    TAKEN_OFFLINE = "taken_offline"
    SETTLED_OFFLINE = "settled_offline"
    REJECTED_OFFLINE = "rejected_offline"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    TIPS = "tips"
    REFUNDS = "refunds"
    TAKINGS = "takings"
    OPEN_NOW = "open_now"
    UNSENT = "unsent"
    UNKNOWN_NOW = "unknown_now"
    DISPUTED = "disputed"
    REFUNDS_OPEN = "refunds_open"


#: Language -> its words, in the sequence of `Word`.
_TABLE: Final = {
    Language.ENGLISH: (
        "PAID|ACCEPTED OFFLINE|NOT PAID|OUTCOME NOT KNOWN|REFUND|REFUND, NOT CONFIRMED YET|REFUND REFUSED|"
        "TRAINING - NO MONEY|Amount|Tip|Total|Reference|Till|Cashier|Reason|Copy|X report|Z report|Since|"
        "Paid online|Accepted offline|of which settled since|Refused by the server|Declined|Cancelled|Expired|"
        "Tips included|Refunds|Takings|Open now|Unsent|Outcome not known|Disputed|Refunds not confirmed"
    ),
    Language.CHINESE: (
        "已付款|离线已受理|未付款|结果未知|退款|退款待确认|退款被拒|培训模式 - 非真实款项|金额|小费|合计|参考号|"
        "收银机|收银员|原因|副本|X 报表|Z 报表|自|在线付款|离线受理|其后已结算|服务器拒绝|被拒绝|已取消|已过期|"
        "含小费|退款|营业额|当前未结|未发送|结果未知|有争议|待确认退款"
    ),
    Language.SPANISH: (
        "PAGADO|ACEPTADO SIN CONEXIÓN|NO PAGADO|RESULTADO DESCONOCIDO|DEVOLUCIÓN|DEVOLUCIÓN SIN CONFIRMAR|"
        "DEVOLUCIÓN RECHAZADA|FORMACIÓN - SIN DINERO|Importe|Propina|Total|Referencia|Caja|Cajero|Motivo|Copia|"
        "Informe X|Informe Z|Desde|Pagado en línea|Aceptado sin conexión|de ello ya liquidado|"
        "Rechazado por el servidor|Denegado|Cancelado|Caducado|Propinas incluidas|Devoluciones|Ingresos|"
        "Abierto ahora|Sin enviar|Resultado desconocido|En disputa|Devoluciones sin confirmar"
    ),
    Language.FRENCH: (
        "PAYÉ|ACCEPTÉ HORS LIGNE|NON PAYÉ|RÉSULTAT INCONNU|REMBOURSEMENT|REMBOURSEMENT NON CONFIRMÉ|"
        "REMBOURSEMENT REFUSÉ|FORMATION - SANS ARGENT|Montant|Pourboire|Total|Référence|Caisse|Caissier|Motif|"
        "Copie|Rapport X|Rapport Z|Depuis|Payé en ligne|Accepté hors ligne|dont réglé depuis|"
        "Refusé par le serveur|Décliné|Annulé|Expiré|Pourboires compris|Remboursements|Recettes|"
        "Ouvert maintenant|Non envoyé|Résultat inconnu|Contesté|Remboursements non confirmés"
    ),
    Language.GERMAN: (
        "BEZAHLT|OFFLINE ANGENOMMEN|NICHT BEZAHLT|ERGEBNIS UNBEKANNT|ERSTATTUNG|ERSTATTUNG UNBESTÄTIGT|"
        "ERSTATTUNG ABGELEHNT|ÜBUNG - KEIN GELD|Betrag|Trinkgeld|Summe|Referenz|Kasse|Kassierer|Grund|Kopie|"
        "X-Bericht|Z-Bericht|Seit|Online bezahlt|Offline angenommen|davon inzwischen gebucht|"
        "Vom Server abgelehnt|Abgelehnt|Abgebrochen|Abgelaufen|Darin Trinkgeld|Erstattungen|Einnahmen|"
        "Jetzt offen|Nicht gesendet|Ergebnis unbekannt|Strittig|Erstattungen unbestätigt"
    ),
    Language.PORTUGUESE: (
        "PAGO|ACEITE SEM REDE|NÃO PAGO|RESULTADO DESCONHECIDO|REEMBOLSO|REEMBOLSO POR CONFIRMAR|"
        "REEMBOLSO RECUSADO|FORMAÇÃO - SEM DINHEIRO|Valor|Gorjeta|Total|Referência|Caixa|Operador|Motivo|Cópia|"
        "Relatório X|Relatório Z|Desde|Pago em linha|Aceite sem rede|dos quais liquidados|Recusado pelo servidor|"
        "Recusado|Cancelado|Expirado|Gorjetas incluídas|Reembolsos|Receitas|Em aberto agora|Por enviar|"
        "Resultado desconhecido|Em disputa|Reembolsos por confirmar"
    ),
    Language.HINDI: (
        "भुगतान हुआ|ऑफ़लाइन स्वीकृत|भुगतान नहीं हुआ|परिणाम अज्ञात|धनवापसी|धनवापसी की पुष्टि बाकी|"
        "धनवापसी अस्वीकृत|प्रशिक्षण - असली पैसा नहीं|राशि|टिप|कुल|संदर्भ|काउंटर|कैशियर|कारण|प्रति|X रिपोर्ट|"
        "Z रिपोर्ट|से|ऑनलाइन भुगतान|ऑफ़लाइन स्वीकृत|जिनमें से निपटाए गए|सर्वर ने अस्वीकार किया|अस्वीकृत|रद्द|"
        "समय समाप्त|टिप सहित|धनवापसियाँ|बिक्री|अभी खुले|न भेजे गए|परिणाम अज्ञात|विवादित|धनवापसी की पुष्टि बाकी"
    ),
    Language.ARABIC: (
        "مدفوع|مقبول دون اتصال|غير مدفوع|النتيجة غير معروفة|استرداد|استرداد غير مؤكد|الاسترداد مرفوض|"
        "تدريب - بلا مال|المبلغ|إكرامية|المجموع|المرجع|الصندوق|أمين الصندوق|السبب|نسخة|تقرير X|تقرير Z|منذ|"
        "مدفوع عبر الإنترنت|مقبول دون اتصال|منها ما سُوّي|رفضه الخادم|مرفوض|ملغى|منتهي|تشمل الإكراميات|"
        "المبالغ المستردة|الإيرادات|مفتوح الآن|غير مرسل|نتيجة غير معروفة|متنازع عليه|استردادات غير مؤكدة"
    ),
}

WORDS: Final = MappingProxyType(
    {language: dict(zip(Word, texts.split("|"), strict=True)) for language, texts in _TABLE.items()}
)
assert set(WORDS) == set(Language), "every language has its receipts"
